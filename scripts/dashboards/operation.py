"""Is it working?"""

from __future__ import annotations

from scripts.dashboards.parts import (
    RED_FROM_ONE,
    SHORT_RUNS,
    WARN_FROM_ONE,
    Page,
    Panel,
    Query,
    many,
    newest,
    quantile,
    stat,
)

_LOGS = Panel(
    "Registro",
    "Lines of the log; narrow it with the boxes above. A line leads to its trace.",
    (Query('{service_name=~"$servicio"} | run=~"$ejecucion" | incident=~"$incidencia"', source="loki"),),
    "logs",
    width=24,
    height=12,
)

OPERATION = Page(
    uid="resuelve-operacion",
    title="Resuelve · Operación: ¿funciona?",
    description="Is it working? The first row says so; alerts and log say what is wrong.",
    inputs=(("incidencia", "Incidencia", ".*"), ("ejecucion", "Ejecución", ".*")),
    rows=(
        (
            "",
            (
                stat(
                    "Desde la última ejecución",
                    "Time since a run ended well; of several services, of the worst one. Alert after half an hour,"
                    " unless incidents are being finished.",
                    "time() - min(max by (job) (last_over_time(resuelve_run_finished_timestamp_seconds[2d])))",
                    unit="s",
                    steps=((900, "orange"), (1800, "red")),
                ),
                stat("Alertas", "Alerts that fire.", "sum(resuelve:alerts:firing) or vector(0)", steps=RED_FROM_ONE),
                stat(
                    "¿Actúa?",
                    "Whether it may change incidents, or has stopped because too much came back.",
                    newest('resuelve_breakers{breaker="everything"}'),
                    steps=RED_FROM_ONE,
                    words=(("0", "Sí", "green"), ("1", "Parado", "red")),
                ),
                stat(
                    "Errores, 1 h",
                    "What failed an incident or a run.",
                    "sum(increase(resuelve_errors_total[1h])) or vector(0)",
                    steps=((1, "orange"), (20, "red")),
                ),
                stat(
                    "Por decidir",
                    "Open incidents that are still to be decided.",
                    newest("resuelve_queue_undecided"),
                    steps=((100, "orange"), (200, "red")),
                ),
                stat(
                    "Cambios, 24 h",
                    "Changes that the ticket manager carried out.",
                    "sum(increase(resuelve_actions_total[1d])) or vector(0)",
                ),
            ),
        ),
        (
            "Lo que espera a una persona",
            (
                stat(
                    "Cambios sin saberse",
                    "Changes of which nobody can tell whether they were made: look for the reference.",
                    newest("resuelve_intents_unknown"),
                    steps=RED_FROM_ONE,
                ),
                stat(
                    "Apartadas",
                    "Incidents that failed too often and are left alone until somebody changes them.",
                    newest("resuelve_incidents_set_aside"),
                    steps=WARN_FROM_ONE,
                ),
                stat(
                    "Entradas ilegibles",
                    "Entries of the ticket manager's list that are no incidents.",
                    newest("resuelve_incidents_unreadable"),
                    steps=WARN_FROM_ONE,
                ),
                stat(
                    "La más antigua por decidir",
                    "Since the oldest incident that is still to be decided was opened. Alert after a day.",
                    newest("resuelve_queue_age_seconds"),
                    unit="s",
                    steps=((6 * 3600, "orange"), (86400, "red")),
                ),
                stat(
                    "Registro sin enviar",
                    "Log lines on the disk that Loki has not taken yet; nothing is lost.",
                    newest("resuelve_logs_pending_bytes"),
                    unit="bytes",
                    steps=((1e6, "orange"),),
                ),
                stat(
                    "Perdido, 24 h",
                    "Spans and log lines that nobody will see.",
                    "sum(increase(resuelve_telemetry_lost_total[1d])) or vector(0)",
                    steps=WARN_FROM_ONE,
                ),
                Panel("Alertas", "Rules of Prometheus, with what to do.", (), "alertlist", width=24, height=6),
            ),
        ),
        (
            "Trabajo",
            (
                Panel(
                    "Incidencias, por resultado",
                    "What became of the incidents that were finished." + SHORT_RUNS,
                    (Query(many("resuelve_incidents_total", "outcome"), "{{outcome}}"),),
                    stacked=True,
                ),
                Panel(
                    "Ejecuciones, por resultado",
                    "Runs that ended or failed." + SHORT_RUNS,
                    (Query(many("resuelve_runs_total", "result, mode"), "{{result}} · {{mode}}"),),
                    stacked=True,
                ),
                Panel(
                    "Cola, por buzón",
                    "Open incidents at the last look.",
                    (Query("max by (queue) (last_over_time(resuelve_queue_depth[30m]))", "{{queue}}"),),
                    stacked=True,
                ),
                Panel(
                    "Errores, por sistema",
                    "Which system failed, and how." + SHORT_RUNS,
                    (Query(many("resuelve_errors_total", "system, kind"), "{{system}} · {{kind}}"),),
                    stacked=True,
                ),
                Panel(
                    "Duración de una incidencia",
                    "From its first stage to its record.",
                    (
                        Query(quantile(0.5, "le", "resuelve_incident_duration_seconds"), "mediana"),
                        Query("resuelve:incident_duration_seconds:p95_1h", "{{job}} · p95"),
                    ),
                    unit="s",
                ),
                Panel(
                    "Duración de las etapas, p95",
                    "Which stage takes long.",
                    (Query("resuelve:stage_duration_seconds:p95_1h", "{{job}} · {{stage}}"),),
                    unit="s",
                ),
                Panel(
                    "Cambios hechos",
                    "By what was done." + SHORT_RUNS,
                    (Query(many("resuelve_actions_total", "action"), "{{action}}"),),
                    stacked=True,
                ),
                Panel(
                    "Adjuntos leídos",
                    "Whether all of an attachment was read." + SHORT_RUNS,
                    (Query(many("resuelve_attachments_total", "result"), "{{result}}"),),
                    stacked=True,
                ),
            ),
        ),
        (
            "Por qué hizo eso con esta incidencia",
            (
                _LOGS,
                Panel(
                    "Trazas",
                    "The incidents of the boxes above, step by step. A step leads to what the log said meanwhile.",
                    (
                        Query(
                            '{resource.service.name=~"$servicio" && span.resuelve.incident=~"$incidencia"'
                            ' && span.resuelve.run=~"$ejecucion"}',
                            source="tempo",
                        ),
                    ),
                    "table",
                    width=24,
                ),
            ),
        ),
        (
            "¿Se ve todo?",
            (
                Panel(
                    "Registro enviado",
                    "Log lines that Loki took or refused." + SHORT_RUNS,
                    (Query(many("resuelve_logs_shipped_total", "result"), "{{result}}"),),
                    stacked=True,
                ),
                Panel(
                    "Perdido",
                    "Spans and log lines that nobody will see." + SHORT_RUNS,
                    (Query(many("resuelve_telemetry_lost_total", "signal"), "{{signal}}"),),
                    stacked=True,
                ),
            ),
        ),
    ),
)
