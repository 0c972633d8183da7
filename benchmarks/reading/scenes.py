"""What is drawn: invented dialogs, forms, pages, terminals and tables of an insurer's desk, with what they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.reading.canvas import Canvas

Draw = Callable[[Canvas], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """Attributes: what must be found letter by letter stands in `named`."""

    name: str
    size: tuple[int, int]
    draw: Draw
    named: tuple[str, ...] = ()


def dialog(title: str, message: str, buttons: list[str], code: str = "") -> Draw:
    def draw(canvas: Canvas) -> None:
        theme = canvas.theme
        canvas.box(20, 20, canvas.width - 40, canvas.height - 40, theme.surface, theme.edge, 6)
        canvas.box(20, 20, canvas.width - 40, 34, theme.bar, theme.edge, 6)
        canvas.text(34, 29, title, 14, theme.bar_text)
        canvas.cross(canvas.width - 44, 32)
        canvas.round(40, 76, 34, theme.alarm)
        y = canvas.wrapped(96, 76, canvas.width - 150, message, 14)
        if code:
            canvas.text(96, y + 8, code, 13, theme.faint)
        canvas.buttons(canvas.width - 40, canvas.height - 76, buttons)

    return draw


def form(heading: str, fields: list[tuple[str, str]], fault: str, button: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        theme = canvas.theme
        canvas.box(0, 0, canvas.width, canvas.height, theme.surface)
        canvas.box(0, 0, canvas.width, 52, theme.bar)
        canvas.text(24, 16, heading, 18, theme.bar_text, bold=True)
        y = 78
        for label, value in fields:
            canvas.box(230, y - 8, 330, 32, theme.ground, theme.edge, 3)
            canvas.cells([(30, label), (242, value)], y)
            y += 44
        canvas.text(242, y - 8, fault, 13, theme.alarm)
        canvas.buttons(560, y + 26, [button, "Cancelar"])

    return draw


def page(url: str, heading: str, message: str, code: str, link: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        theme = canvas.theme
        canvas.box(0, 0, canvas.width, canvas.height, theme.surface)
        canvas.box(0, 0, canvas.width, 40, theme.ground)
        canvas.box(70, 6, canvas.width - 140, 28, theme.surface, theme.edge, 14)
        canvas.text(92, 13, url, 13, theme.faint)
        canvas.text(80, 110, heading, 30, theme.text)
        y = canvas.wrapped(80, 168, canvas.width - 200, message, 16, theme.text)
        canvas.text(80, y + 14, code, 14, theme.faint)
        canvas.text(80, y + 54, link, 14, theme.accent if theme.accent_text == "#ffffff" else theme.text)

    return draw


def terminal(lines: list[str]) -> Draw:
    def draw(canvas: Canvas) -> None:
        dark = canvas.theme.text > "#888888"
        canvas.box(0, 0, canvas.width, canvas.height, "#0c0c0c" if dark else "#ffffff")
        for number, line in enumerate(lines):
            canvas.text(12, 12 + 20 * number, line, 14, "#cccccc" if dark else "#222222", mono=True)

    return draw


def table(heading: str, columns: list[float], rows: list[list[str]]) -> Draw:
    def draw(canvas: Canvas) -> None:
        theme = canvas.theme
        canvas.box(0, 0, canvas.width, canvas.height, theme.surface)
        canvas.text(24, 20, heading, 20, theme.text)
        for number, row in enumerate(rows):
            y = 64 + 34 * number
            canvas.box(20, y, canvas.width - 40, 34, theme.ground if number % 2 == 0 else theme.surface, theme.edge)
            canvas.cells(list(zip(columns, row, strict=True)), y + 9, 13, bold=not number)

    return draw


def entrance(heading: str, prompts: list[str], button: str, links: list[str], aside: tuple[str, str]) -> Draw:
    """Two columns: first the left one is read, then the right one."""

    def draw(canvas: Canvas) -> None:
        theme = canvas.theme
        half = canvas.width // 2
        canvas.box(0, 0, half, canvas.height, theme.surface)
        canvas.text(60, 50, heading, 24)
        y = 108.0
        for prompt in prompts:
            canvas.box(60, y, half - 150, 44, theme.surface, theme.edge, 3)
            canvas.text(72, y + 14, prompt, 14, theme.faint)
            y += 58
        canvas.box(60, y, half - 150, 44, theme.accent, "", 4)
        canvas.text(60 + (half - 150 - canvas.measure(button, 15)) / 2, y + 13, button, 15, theme.accent_text)
        for link in links:
            y += 62
            canvas.text(80, y, link, 13, theme.alarm)
        canvas.wrapped(half + 90, 88, half - 170, aside[0], 22)
        canvas.wrapped(half + 90, 205, half - 170, aside[1], 14, theme.faint)

    return draw


def toast(texts: list[tuple[str, str]]) -> Draw:
    """Coloured notices with white writing."""

    def draw(canvas: Canvas) -> None:
        for number, (colour, text) in enumerate(texts):
            canvas.box(20, 20 + 64 * number, canvas.width - 40, 50, colour, "", 6)
            canvas.text(40, 37 + 64 * number, text, 15, "#ffffff")

    return draw


def mobile(hour: str, heading: str, message: str, button: str, foot: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        theme = canvas.theme
        canvas.box(0, 0, canvas.width, canvas.height, theme.surface)
        canvas.text(20, 10, hour, 13, theme.text)
        canvas.wrapped(24, 80, canvas.width - 48, heading, 22)
        y = canvas.wrapped(24, 170, canvas.width - 48, message, 15, theme.faint)
        canvas.box(24, y + 30, canvas.width - 48, 48, theme.accent, "", 24)
        x = (canvas.width - canvas.measure(button, 16)) / 2
        canvas.text(x, y + 44, button, 16, theme.accent_text, bold=True)
        canvas.text(24, canvas.height - 40, foot, 12, theme.faint)

    return draw


SCENES = (
    Scene(
        "dialogo-poliza",
        (560, 240),
        dialog(
            "Gestión de pólizas",
            "No se ha podido anular la póliza POL-2024-118832: tiene un recibo pendiente de cobro. ¿Desea volver a "
            "intentarlo?",
            ["Sí", "No", "Más información"],
            "Código de error: GP-4071",
        ),
        ("POL-2024-118832", "GP-4071"),
    ),
    Scene(
        "dialogo-sesion",
        (520, 220),
        dialog(
            "Su sesión ha caducado",
            "Por motivos de seguridad hemos cerrado su sesión. Vuelva a identificarse con su usuario y contraseña.",
            ["Aceptar"],
            "ERR_SESSION_0401",
        ),
        ("ERR_SESSION_0401",),
    ),
    Scene(
        "dialogo-impresora",
        (560, 230),
        dialog(
            "Impresión del suplemento",
            "¡Atención! El suplemento del señor Núñez ya se imprimió ayer. ¿Quiere añadir otra copia?",
            ["Añadir copia", "Cancelar"],
            "Aviso IMP-0033",
        ),
        ("IMP-0033",),
    ),
    Scene(
        "dialogo-oracle",
        (600, 240),
        dialog(
            "Error en la aplicación",
            "Se produjo un error al guardar el siniestro: ORA-00001: restricción única (SINIESTROS.PK_PARTE) violada.",
            ["Reintentar", "Cerrar", "Enviar informe"],
            "Módulo SIN_ALTA, línea 2147",
        ),
        ("ORA-00001", "PK_PARTE", "2147"),
    ),
    Scene(
        "dialogo-certificado",
        (560, 240),
        dialog(
            "Certificado digital",
            "El certificado de Begoña Ibáñez caducó el 30/09/2026 y no se puede firmar la adhesión. Renuévelo antes de "
            "continuar.",
            ["Renovar ahora", "Más tarde"],
            "0x800B0101",
        ),
        ("30/09/2026", "0x800B0101"),
    ),
    Scene(
        "dialogo-conexion",
        (540, 220),
        dialog(
            "¡Vaya! Algo ha ido mal",
            "No hay conexión con el servidor de tarificación. Compruebe la red e inténtelo más tarde.",
            ["Reintentar", "Salir"],
            "HTTP 503 · TRF-9002",
        ),
        ("TRF-9002",),
    ),
    Scene(
        "formulario-alta",
        (600, 420),
        form(
            "Alta de tomador",
            [
                ("Nombre y apellidos", "Íñigo Gómez Peña"),
                ("NIF", "12345678Z"),
                ("Fecha de nacimiento", "07/03/1981"),
                ("Correo electrónico", "inigo.gomez@example.com"),
                ("Teléfono", "555 014 208"),
            ],
            "El teléfono no es válido",
            "Guardar",
        ),
        ("12345678Z", "07/03/1981", "inigo.gomez@example.com"),
    ),
    Scene(
        "formulario-siniestro",
        (600, 420),
        form(
            "Parte de siniestro",
            [
                ("Número de póliza", "HOG-0099-417205"),
                ("Fecha del siniestro", "14/10/2026"),
                ("Causa", "Daños por agua en el baño"),
                ("Dirección", "Calle Sebastián Elcano, 8"),
                ("Importe estimado", "1.250,75 EUR"),
            ],
            "La fecha está fuera de la cobertura",
            "Declarar siniestro",
        ),
        ("HOG-0099-417205", "14/10/2026", "1.250,75"),
    ),
    Scene(
        "formulario-banco",
        (600, 370),
        form(
            "Domiciliación bancaria",
            [
                ("Titular", "María Ángeles Ortuño"),
                ("NIE", "X1234567L"),
                ("IBAN", "ES91 2100 0418 4502 0005 1332"),
                ("Periodicidad", "Semestral"),
            ],
            "No coincide el titular de la cuenta",
            "Validar",
        ),
        ("X1234567L", "ES91 2100 0418 4502 0005 1332"),
    ),
    Scene(
        "pagina-404",
        (900, 420),
        page(
            "https://clientes.example.com/polizas/consulta?id=88213",
            "Página no encontrada",
            "La dirección a la que intenta acceder no existe o ya no está disponible. Si ha llegado aquí desde un "
            "enlace de nuestra web, díganoslo.",
            "Referencia: WEB-404-7F3A",
            "Volver a la página de inicio",
        ),
        ("WEB-404-7F3A", "88213"),
    ),
    Scene(
        "pagina-500",
        (900, 430),
        page(
            "https://mediadores.example.com/cotizador/hogar",
            "Servicio temporalmente no disponible",
            "Estamos realizando tareas de mantenimiento en el cotizador de hogar. Podrá volver a utilizarlo mañana a "
            "partir de las 8:00 h. Disculpe las molestias.",
            "Incidencia número 2026-10-0457",
            "¿Necesita ayuda? Llámenos",
        ),
        ("2026-10-0457", "8:00"),
    ),
    Scene(
        "pagina-permiso",
        (900, 400),
        page(
            "https://intranet.example.com/siniestros/peritos",
            "Acceso denegado",
            "Su perfil MEDIADOR_N2 no tiene permiso para asignar peritos. Pida la autorización a su responsable de "
            "zona.",
            "Error AUT-1187 (usuario U045213)",
            "Solicitar permiso",
        ),
        ("MEDIADOR_N2", "AUT-1187", "U045213"),
    ),
    Scene(
        "terminal-traza",
        (820, 250),
        terminal(
            [
                "2026-10-14 09:41:07 ERROR ServicioPolizas - No se pudo emitir",
                "java.sql.SQLException: ORA-12541: TNS:no listener",
                "  at com.example.polizas.Emision.grabar(Emision.java:214)",
                "  at com.example.polizas.Emision.emitir(Emision.java:98)",
                "Causa: tiempo de espera agotado tras 30000 ms",
                "Póliza afectada: AUT-77120-0031",
                "Reintento 3 de 3: operación cancelada",
            ]
        ),
        ("ORA-12541", "AUT-77120-0031", "Emision.java:214"),
    ),
    Scene(
        "terminal-red",
        (760, 220),
        terminal(
            [
                "C:\\Usuarios\\jnunez> ping correduria.example.com",
                "Haciendo ping a correduria.example.com [192.0.2.44] con 32 bytes de datos:",
                "Tiempo de espera agotado para esta solicitud.",
                "Host de destino inaccesible.",
                "Paquetes: enviados = 4, recibidos = 0, perdidos = 4 (100% perdidos)",
            ]
        ),
        ("192.0.2.44", "correduria.example.com"),
    ),
    Scene(
        "tabla-recibos",
        (760, 280),
        table(
            "Recibos de la póliza VID-55120",
            [32, 190, 330, 450, 590],
            [
                ["Recibo", "Emisión", "Importe", "Estado", "Devolución"],
                ["R-100231", "01/07/2026", "84,20", "Cobrado", "No"],
                ["R-100877", "01/08/2026", "84,20", "Devuelto", "Cuenta errónea"],
                ["R-101402", "01/09/2026", "84,20", "Pendiente", "En gestión"],
                ["R-101950", "01/10/2026", "91,35", "Anulado", "Petición del cliente"],
            ],
        ),
        ("VID-55120", "R-100877", "R-101950", "91,35"),
    ),
    Scene(
        "tabla-coberturas",
        (700, 280),
        table(
            "Coberturas contratadas",
            [32, 300, 470],
            [
                ["Garantía", "Límite", "Franquicia"],
                ["Daños por agua", "30.000", "150"],
                ["Robo y expoliación", "12.500", "Sin franquicia"],
                ["Responsabilidad civil", "300.000", "300"],
                ["Daños eléctricos", "6.000", "10 % mínimo 90"],
            ],
        ),
        ("30.000", "300.000"),
    ),
    Scene(
        "acceso-clientes",
        (1000, 430),
        entrance(
            "Hola, entra en tu área privada",
            ["NIF, NIE o pasaporte", "Contraseña"],
            "Iniciar sesión",
            ["¿Has olvidado tu contraseña?", "¿Aún no tienes cuenta? Regístrate"],
            (
                "¿Prefieres la aplicación? Descárgala",
                "Escanea este código con tu móvil. También está disponible la versión para tableta.",
            ),
        ),
    ),
    Scene(
        "acceso-mediadores",
        (1000, 430),
        entrance(
            "Portal de mediadores",
            ["Código de mediador", "Clave de acceso"],
            "Acceder",
            ["La clave introducida no es correcta (AUT-0012)", "Quedan 2 intentos antes del bloqueo"],
            (
                "Novedades de la campaña de otoño",
                "Desde el 15 de octubre puedes emitir pólizas de hogar con descuento para clientes de más antigüedad.",
            ),
        ),
        ("AUT-0012",),
    ),
    Scene(
        "avisos",
        (680, 230),
        toast(
            [
                ("#b3261e", "No se guardó la dirección: código postal 2801 no válido"),
                ("#1b6e3c", "La modificación se realizó con éxito"),
                ("#b36b00", "Revisión pendiente: adjunte el DNI del asegurado"),
            ]
        ),
        ("2801", "DNI"),
    ),
    Scene(
        "movil-cita",
        (390, 560),
        mobile(
            "9:41",
            "No hemos podido confirmar tu cita médica",
            "El centro Clínica Santa Lucía no tiene disponibilidad el día 22 de octubre. Elige otra fecha o llámanos "
            "al 555 016 330.",
            "Elegir otra fecha",
            "Autorización AM-20261014-77",
        ),
        ("555 016 330", "AM-20261014-77"),
    ),
    Scene(
        "movil-pago",
        (390, 540),
        mobile(
            "22:07",
            "¡Ups! El pago no se completó",
            "Tu banco ha rechazado la operación. Prueba con otra tarjeta o domicilia el recibo desde «Mis pólizas».",
            "Probar con otra tarjeta",
            "Operación TPV-55-90812, motivo 0190",
        ),
        ("TPV-55-90812", "0190"),
    ),
)
