"""Screens as a reader gives them, worded as applications word them and not as the demo's dictionary does."""

from __future__ import annotations

WEB = "Seguros Inventados\nInicio | Mis seguros | Recibos | Siniestros | Salud | Ayuda\nHola, Cayetana"
FOOT = (
    "Aviso legal · Política de privacidad · Protección de datos · Configurar cookies\n© 2026 Seguros Inventados, S.A."
)
PHONE = "9:41   4G   72 %"

SCREENS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("REE001",),
        f"{WEB}\nReembolsos > Nueva solicitud > Documentación\nNo se puede adjuntar el archivo\nfactura_dentista.pdf (18,4 MB)\nEl tamaño máximo por archivo es de 10 MB.\nAceptar\n{FOOT}",
    ),
    (
        ("REE002",),
        f"{PHONE}\nReembolsos\nPaso 3 de 4 · Documentación\nIMG_0412.HEIC\nFormato de archivo no admitido. Formatos válidos: PDF, JPG, PNG\nElegir otro archivo\nSiguiente",
    ),
    (
        ("REE003",),
        f"{WEB}\nReembolsos > Documentación\nSe ha producido un error interno\nNo hemos podido guardar el documento adjunto. Inténtelo más tarde.\nHTTP 500 · Ref. SUB-20871\nReintentar\n{FOOT}",
    ),
    (
        ("REE007", "REC001"),
        f"{WEB}\nDatos bancarios\nIBAN\nES00 0000 0000 0000\nEl número de cuenta no es válido\nGuardar  Cancelar\n{FOOT}",
    ),
    (
        ("REE009",),
        f"{WEB}\nNueva solicitud de reembolso\nEmisor de la factura\nCIF/NIF del centro\nEl identificador fiscal del emisor no es correcto\nContinuar\n{FOOT}",
    ),
    (
        ("REE012",),
        f"{WEB}\nReembolsos > Mis solicitudes > Detalle\nImporte de la factura 240,00 €\nImporte abonado 35,10 €\nMotivo: límite anual de reembolso alcanzado\n{FOOT}",
    ),
    (
        ("REE015",),
        f"{WEB}\nDocumentos > Certificados\nCertificado fiscal de reembolsos 2026\nNo disponible\nCertificado fiscal de reembolsos 2025  Descargar\n{FOOT}",
    ),
    (
        ("REE018",),
        f"{PHONE}\nSolicitud de reembolso\nPaso 4 de 4\nResumen de la solicitud\nFacturas: 1\nEnviar\n(botón desactivado)",
    ),
    (
        ("AUT005",),
        f"{PHONE}\nAutorizaciones > Historial\nResonancia magnética de rodilla\nEstado: CADUCADA\nVálida 30 días desde su emisión\nRenovar",
    ),
    (("AUT012",), f"{PHONE}\nNueva autorización\nAnálisis de sangre\nEste acto no requiere autorización\nVolver"),
    (
        ("AUT013",),
        "autorizacion_88213.pdf - Visor de documentos\n1 / 1   100 %\nEl documento de la autorización está en blanco\nNo se puede mostrar el contenido de esta página",
    ),
    (
        ("AUT014", "AUT015"),
        f"{PHONE}\nSolicitar autorización\nFisioterapia\nSesiones agotadas\nHa consumido 0 de 20 sesiones\nAceptar",
    ),
    (
        ("AUT016",),
        f"{WEB}\nAutorizaciones > Detalle\nPrueba: colonoscopia\nEstado: Denegada\nMotivo: prestación en periodo de carencia\n{FOOT}",
    ),
    (
        ("TAR002",),
        f"{PHONE}\nMi tarjeta\nServicio no disponible\nError 503\nEstamos trabajando para solucionarlo. Disculpe las molestias.",
    ),
    (
        ("TAR004",),
        f"{PHONE}\nTarjeta digital\nAñadir a Wallet\nNo se ha podido añadir el pase\nEsta versión de iOS no es compatible\nOK",
    ),
    (
        ("TAR005",),
        f"{PHONE}\nTarjeta digital\nAñadir a Google Wallet\nAlgo ha ido mal. Error al añadir la tarjeta (OR-CBAT-15)\nAndroid 14\nCerrar",
    ),
    (("TAR007",), f"{PHONE}\nMi tarjeta\nTitular: OTRA PERSONA INVENTADA\nModalidad Plena"),
    (
        ("CUA001",),
        f"{PHONE}\nBuscador de médicos\nNo se han encontrado resultados cerca de ti\nLa aplicación no tiene permiso de ubicación\nIr a Ajustes",
    ),
    (
        ("CUA002",),
        f"{WEB}\nCuadro médico\nEspecialidad: Todas   Provincia: Todas\nSe ha producido un error al buscar. Código CM-500\nVolver a intentarlo\n{FOOT}",
    ),
    (
        ("CUA007",),
        f"{WEB}\nCuadro médico > Guía en PDF\nGenerando la guía de su provincia...\nTiempo de espera agotado (504)\n{FOOT}",
    ),
    (
        ("CUA008",),
        f"{PHONE}\nMis citas\nDermatología\nmañana 10:30\nNo es posible anular: quedan menos de 24 horas para la cita\nCerrar",
    ),
    (
        ("CUA010",),
        f"{PHONE}\nVideoconsulta\nPermite el acceso a la cámara y al micrófono\nSin acceso a la cámara\nNo se puede iniciar la videoconsulta con imagen y sonido",
    ),
    (
        ("POL003",),
        f"{WEB}\nMi seguro de hogar\nContratación en curso\nPendiente de la firma electrónica del tomador\n{FOOT}",
    ),
    (
        ("REC009",),
        f"{WEB}\nRecibos > Detalle\nEstado: DEVUELTO\nMotivo de la devolución: falta de saldo\nPagar ahora\n{FOOT}",
    ),
    (
        ("REC013",),
        f"{WEB}\nPago de recibos\nNo se ha podido iniciar la operación\nLa pasarela de pago no responde. Código: TPV-0031\nVolver\n{FOOT}",
    ),
    (
        ("REC014",),
        f"{WEB}\nPago de recibos\nOperación denegada por la entidad emisora\nCompruebe la fecha de caducidad de su tarjeta o consulte con su banco\nVolver a intentarlo\n{FOOT}",
    ),
    (("REC015",), "pagos.example.com\nEste enlace de pago ha caducado\nSolicite uno nuevo a su compañía\n"),
    (
        ("ACC002",),
        f"{WEB}\nAcceso al Área Privada\nUsuario bloqueado por seguridad\nHa superado el número máximo de intentos\n¿Ha olvidado su contraseña?\n{FOOT}",
    ),
    (("ACC003",), "Área Privada\nActivación de la cuenta\nEl enlace de activación ha caducado\nCerrar ventana"),
    (
        ("ACC006",),
        f"{PHONE}\nIntroduce el código que te hemos enviado por SMS\n482913\nCódigo no válido o caducado\nReenviar",
    ),
    (("ACC011",), f"{WEB}\nMis documentos\nError 500\nNo se puede mostrar la sección de documentos\n{FOOT}"),
    (
        ("ACC012",),
        "Acceso con certificado digital\nSeleccione un certificado\nNo hay certificados disponibles\nCancelar",
    ),
    (
        ("ACC014",),
        f"{WEB}\nRegistro\nCorreo electrónico\nEste correo ya está siendo utilizado por otro usuario\nContinuar\n{FOOT}",
    ),
    (
        ("APP001",),
        f"{PHONE}\nLa aplicación se ha detenido\ncom.ejemplo.salud ha dejado de funcionar\nAndroid 13 · versión 5.2.0\nCerrar app",
    ),
    (
        ("APP004",),
        "Google Play\nSeguros Inventados · Mi Salud\nTu dispositivo no es compatible con esta versión\n4,1 ★ 12 mil opiniones",
    ),
    (("APP007",), f"{PHONE}\nVideoperitación\nEsperando al perito...\nLa llamada se ha cortado\nReintentar"),
)
"""With the rows that may be chosen."""

OUTSIDE: tuple[str, ...] = (
    "Microsoft Teams\nNo se pudo conectar a la reunión\nComprueba la conexión de red\nCódigo de error CAA20002",
    "Windows\nNo se puede conectar a la impresora\nError 0x0000011b\nAceptar",
    "VPN corporativa\nError de autenticación. El token ha caducado\nReintentar",
    f"{WEB}\nSiniestros > Nuevo parte\nNo se ha podido enviar el parte de siniestro del vehículo\nLa matrícula no figura en ninguna póliza\n{FOOT}",
    f"{WEB}\nEncuesta de satisfacción\nNo se han podido guardar sus respuestas\n{FOOT}",
    f"{PHONE}\nChat con nuestro asistente\nEl chat no está disponible en este momento\nHorario: de 9 a 18 h",
    f"{PHONE}\nPrograma de puntos\nError al canjear los puntos\nSaldo insuficiente",
    f"{WEB}\nCotizador de viaje\nNo podemos calcular el precio para ese destino\n{FOOT}",
    "SAP GUI\nTransacción ZPOL03\nNo tiene autorización para la transacción ZPOL03",
    "Outlook\nEl buzón está lleno. No puede enviar ni recibir mensajes",
    f"{PHONE}\nRetos de salud\nNo se han sincronizado los pasos de hoy\nConecta tu pulsera",
    f"{WEB}\nFarmacia a domicilio\nEl pedido no se ha podido confirmar: dirección fuera de la zona de reparto\n{FOOT}",
    f"{WEB}\nMis seguros > Vida\nNo se puede cambiar el beneficiario en línea\n{FOOT}",
    f"{WEB}\n{FOOT}",
    "Logotipo\nSeguros Inventados\nTu tranquilidad, lo primero",
)
"""Of nothing that the dictionary knows: a person must get the ticket."""

VAGUE: tuple[tuple[str, str], ...] = (
    ("Ayuda", "Buenos días, adjunto captura, no sé qué hacer. Gracias."),
    ("Me sale esto", "Hola, me sale esto desde ayer. Os mando la foto."),
    ("Error", "Me da el error que se ve en la imagen."),
    ("Incidencia con la web", "Adjunto pantallazo de lo que aparece. Un saludo."),
    ("Problema", "No me deja seguir, mirad la captura por favor."),
    ("urgente", "Necesito que me lo solucionéis cuanto antes, va captura"),
    ("Consulta", "¿Qué tengo que hacer con lo que pone en la pantalla que os adjunto?"),
    ("Fallo en la app", "Pues eso, que falla. Adjunto imagen."),
)
