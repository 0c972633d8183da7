"""What the dashboards show: titles in Spanish, as their first readers speak it; descriptions in English.

The first row of each answers its question within a minute; what is below is for those who want to know why. Gauges of
runs that cron starts are sent once and gone five minutes later: hence `last_over_time`, over the half hour that may lie
between two runs. What was not told for longer is shown as what it is: no data.
"""

from __future__ import annotations

from scripts.dashboard_parts import Page, Panel, Query, Steps

_RED_FROM_ONE: Steps = ((1, "red"),)
_WARN_FROM_ONE: Steps = ((1, "orange"),)
_DECIDED = 'mode!="approval", outcome!~"waiting|superseded|failed|paused"'
_SHORT_RUNS = (
    " Runs of cron: a bar shows up to twice as much, since Prometheus stretches what it saw within seconds over the"
    " window; the figures of a day do not."
)
_NO_PRICES = ("-1", "sin lista de precios", "orange")
_UNPRICED = "0 - (sum(increase(resuelve_model_tokens_total[1d])) > bool 0)"
"""-1 where models used tokens, 0 where they used none: what stands for the cost where nobody tells any."""


def _stat(
    title: str,
    description: str,
    expr: str,
    *,
    unit: str = "",
    steps: Steps = (),
    words: tuple[tuple[str, str, str], ...] = (),
    width: int = 4,
) -> Panel:
    return Panel(title, description, (Query(expr),), "stat", unit, width, 4, steps, words)


def _newest(metric: str, within: str = "30m") -> str:
    return f"max(last_over_time({metric}[{within}]))"


def _many(metric: str, by: str, within: str = "$__rate_interval") -> str:
    return f"sum by ({by}) (increase({metric}[{within}]))"


def _quantile(share: float, by: str, metric: str) -> str:
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket[1h])))"


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
                _stat(
                    "Desde la última ejecución",
                    "Time since a run ended well; of several services, of the worst one. Alert after half an hour,"
                    " unless incidents are being finished.",
                    "time() - min(max by (job) (last_over_time(resuelve_run_finished_timestamp_seconds[2d])))",
                    unit="s",
                    steps=((900, "orange"), (1800, "red")),
                ),
                _stat("Alertas", "Alerts that fire.", "sum(resuelve:alerts:firing) or vector(0)", steps=_RED_FROM_ONE),
                _stat(
                    "¿Actúa?",
                    "Whether it may change incidents, or has stopped because too much came back.",
                    _newest('resuelve_breakers{breaker="everything"}'),
                    steps=_RED_FROM_ONE,
                    words=(("0", "Sí", "green"), ("1", "Parado", "red")),
                ),
                _stat(
                    "Errores, 1 h",
                    "What failed an incident or a run.",
                    "sum(increase(resuelve_errors_total[1h])) or vector(0)",
                    steps=((1, "orange"), (20, "red")),
                ),
                _stat(
                    "Por decidir",
                    "Open incidents that are still to be decided.",
                    _newest("resuelve_queue_undecided"),
                    steps=((100, "orange"), (200, "red")),
                ),
                _stat(
                    "Cambios, 24 h",
                    "Changes that the ticket manager carried out.",
                    "sum(increase(resuelve_actions_total[1d])) or vector(0)",
                ),
            ),
        ),
        (
            "Lo que espera a una persona",
            (
                _stat(
                    "Cambios sin saberse",
                    "Changes of which nobody can tell whether they were made: look for the reference.",
                    _newest("resuelve_intents_unknown"),
                    steps=_RED_FROM_ONE,
                ),
                _stat(
                    "Apartadas",
                    "Incidents that failed too often and are left alone until somebody changes them.",
                    _newest("resuelve_incidents_set_aside"),
                    steps=_WARN_FROM_ONE,
                ),
                _stat(
                    "Entradas ilegibles",
                    "Entries of the ticket manager's list that are no incidents.",
                    _newest("resuelve_incidents_unreadable"),
                    steps=_WARN_FROM_ONE,
                ),
                _stat(
                    "La más antigua por decidir",
                    "Since the oldest incident that is still to be decided was opened. Alert after a day.",
                    _newest("resuelve_queue_age_seconds"),
                    unit="s",
                    steps=((6 * 3600, "orange"), (86400, "red")),
                ),
                _stat(
                    "Registro sin enviar",
                    "Log lines on the disk that Loki has not taken yet; nothing is lost.",
                    _newest("resuelve_logs_pending_bytes"),
                    unit="bytes",
                    steps=((1e6, "orange"),),
                ),
                _stat(
                    "Perdido, 24 h",
                    "Spans and log lines that nobody will see.",
                    "sum(increase(resuelve_telemetry_lost_total[1d])) or vector(0)",
                    steps=_WARN_FROM_ONE,
                ),
                Panel("Alertas", "Rules of Prometheus, with what to do.", (), "alertlist", width=24, height=6),
            ),
        ),
        (
            "Trabajo",
            (
                Panel(
                    "Incidencias, por resultado",
                    "What became of the incidents that were finished." + _SHORT_RUNS,
                    (Query(_many("resuelve_incidents_total", "outcome"), "{{outcome}}"),),
                    stacked=True,
                ),
                Panel(
                    "Ejecuciones, por resultado",
                    "Runs that ended or failed." + _SHORT_RUNS,
                    (Query(_many("resuelve_runs_total", "result, mode"), "{{result}} · {{mode}}"),),
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
                    "Which system failed, and how." + _SHORT_RUNS,
                    (Query(_many("resuelve_errors_total", "system, kind"), "{{system}} · {{kind}}"),),
                    stacked=True,
                ),
                Panel(
                    "Duración de una incidencia",
                    "From its first stage to its record.",
                    (
                        Query(_quantile(0.5, "le", "resuelve_incident_duration_seconds"), "mediana"),
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
                    "By what was done." + _SHORT_RUNS,
                    (Query(_many("resuelve_actions_total", "action"), "{{action}}"),),
                    stacked=True,
                ),
                Panel(
                    "Adjuntos leídos",
                    "Whether all of an attachment was read." + _SHORT_RUNS,
                    (Query(_many("resuelve_attachments_total", "result"), "{{result}}"),),
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
                    "Log lines that Loki took or refused." + _SHORT_RUNS,
                    (Query(_many("resuelve_logs_shipped_total", "result"), "{{result}}"),),
                    stacked=True,
                ),
                Panel(
                    "Perdido",
                    "Spans and log lines that nobody will see." + _SHORT_RUNS,
                    (Query(_many("resuelve_telemetry_lost_total", "signal"), "{{signal}}"),),
                    stacked=True,
                ),
            ),
        ),
    ),
)

QUALITY = Page(
    uid="resuelve-calidad",
    title="Resuelve · Calidad: ¿acierta?",
    description="Is it right? What came back, and what scores promise.",
    since="30d",
    refresh="5m",
    rows=(
        (
            "",
            (
                _stat(
                    "Tasa automática",
                    "Of the incidents of the window, the share that was acted on.",
                    _newest("resuelve_automatic_rate"),
                    unit="percentunit",
                ),
                _stat(
                    "Tasa duradera",
                    "The share that was acted on and did not come back in time.",
                    _newest("resuelve_durable_rate"),
                    unit="percentunit",
                ),
                _stat(
                    "Volvió y está por ver",
                    "What was done and came back, and nobody has looked at yet.",
                    "sum(max by (how) (last_over_time(resuelve_acts_returned[30m])))",
                    steps=((1, "orange"), (5, "red")),
                ),
                _stat(
                    "Filas que ya no actúan",
                    "Rows that stopped because an incident that they resolved came back.",
                    _newest('resuelve_breakers{breaker="rows"}'),
                    steps=_WARN_FROM_ONE,
                ),
                _stat(
                    "Prometido menos duradero",
                    "Mean score of what was acted on, less the share that lasted. Above 0.1 scores promise too much.",
                    _newest("resuelve_calibration_drift"),
                    unit="percentunit",
                    steps=((0.05, "orange"), (0.1, "red")),
                ),
                _stat(
                    "Deriva de puntuaciones",
                    "Population stability index; above 0.25 is held to be a change.",
                    _newest("resuelve_score_drift"),
                    steps=((0.1, "orange"), (0.25, "red")),
                ),
            ),
        ),
        (
            "Lo que dura",
            (
                Panel(
                    "Automática y duradera",
                    "The distance between both is what came back.",
                    (
                        Query(_newest("resuelve_automatic_rate"), "automática"),
                        Query(_newest("resuelve_durable_rate"), "duradera"),
                        Query("resuelve:automatic:share1d", "{{job}} · automática, último día"),
                        Query("resuelve:shadowed:share1d", "{{job}} · en sombra, último día"),
                    ),
                    unit="percentunit",
                    most=1,
                ),
                Panel(
                    "Lo que volvió",
                    "By how it is known: the ticket came back, or a person said so.",
                    (Query("max by (how) (last_over_time(resuelve_acts_returned[30m]))", "{{how}}"),),
                ),
            ),
        ),
        (
            "Lo que se deja a personas",
            (
                Panel(
                    "Motivos, 7 días",
                    "Why a person got the incident.",
                    (Query("sort_desc(sum by (reason) (increase(resuelve_handovers_total[7d])) > 0)", "{{reason}}"),),
                    "bargauge",
                    height=10,
                ),
                Panel(
                    "Parte que se deja a personas",
                    "Of what was decided. A jump has a reason: the dictionary, the model, other incidents.",
                    (
                        Query("resuelve:handovers:share1d", "{{job}} · un día"),
                        Query("resuelve:handovers:share7d", "{{job}} · siete días"),
                    ),
                    unit="percentunit",
                    most=1,
                    height=10,
                ),
                Panel(
                    "Motivos en el tiempo",
                    "Why a person got the incident.",
                    (Query(_many("resuelve_handovers_total", "reason", "1d"), "{{reason}}"),),
                    width=24,
                ),
            ),
        ),
        (
            "El crítico",
            (
                Panel(
                    "Veredictos",
                    "What the critic said of a choice.",
                    (Query(_many("resuelve_verdicts_total", "verdict", "1d"), "{{verdict}}"),),
                ),
                Panel(
                    "Prometido menos duradero",
                    "Mean score of what was acted on, less the share that lasted.",
                    (Query(_newest("resuelve_calibration_drift"), "deriva"),),
                    unit="none",
                    steps=((0.1, "red"),),
                ),
                Panel(
                    "Puntuación de lo aprobado",
                    "How the scores of approved choices are distributed.",
                    (Query(_many('resuelve_critic_score_bucket{verdict="approved"}', "le"), "{{le}}", heatmap=True),),
                    "heatmap",
                ),
                Panel(
                    "Puntuación de lo rechazado",
                    "How the scores of rejected choices are distributed.",
                    (Query(_many('resuelve_critic_score_bucket{verdict="rejected"}', "le"), "{{le}}", heatmap=True),),
                    "heatmap",
                ),
            ),
        ),
    ),
)

COST = Page(
    uid="resuelve-coste",
    title="Resuelve · Coste: ¿cuánto cuesta?",
    description="What does it cost? Money by the price list of the settings (RESUELVE_PRICES), tokens, calls, time.",
    since="7d",
    refresh="5m",
    rows=(
        (
            "",
            (
                _stat(
                    "Coste, 24 h",
                    "By the price list of the settings, in its currency. Without a list it is not known.",
                    f"sum(increase(resuelve_model_cost_total[1d])) or {_UNPRICED} or vector(0)",
                    steps=((50, "orange"), (120, "red")),
                    words=(_NO_PRICES,),
                ),
                _stat(
                    "Coste por incidencia",
                    "Cost of the last day for each incident that was decided.",
                    "sum(increase(resuelve_model_cost_total[1d]))"
                    f" / sum(increase(resuelve_incidents_total{{{_DECIDED}}}[1d])) or {_UNPRICED} or vector(0)",
                    words=(_NO_PRICES,),
                ),
                _stat(
                    "Tokens, 24 h",
                    "Input and output, of all models that tell.",
                    "sum(increase(resuelve_model_tokens_total[1d])) or vector(0)",
                ),
                _stat(
                    "Llamadas, 24 h",
                    "Calls of models, repetitions included.",
                    "sum(increase(resuelve_model_calls_total[1d])) or vector(0)",
                ),
                _stat(
                    "Llamadas fallidas, 24 h",
                    "Of all calls of models.",
                    '(sum(increase(resuelve_model_calls_total{result="failed"}[1d])) or vector(0))'
                    " / sum(increase(resuelve_model_calls_total[1d]))",
                    unit="percentunit",
                    steps=((0.02, "orange"), (0.1, "red")),
                ),
                _stat(
                    "Segundos por incidencia",
                    "Mean of the last day.",
                    "sum(increase(resuelve_incident_duration_seconds_sum[1d]))"
                    " / sum(increase(resuelve_incident_duration_seconds_count[1d]))",
                    unit="s",
                ),
            ),
        ),
        (
            "Dinero",
            (
                Panel(
                    "Coste por hora, por papel",
                    "What the model was asked for. Alert above 5 an hour.",
                    (Query(_many("resuelve_model_cost_total", "role", "1h"), "{{role}}"),),
                    steps=((5, "red"),),
                ),
                Panel(
                    "Coste por hora, por modelo",
                    "Which model it is.",
                    (Query(_many("resuelve_model_cost_total", "model", "1h"), "{{model}}"),),
                ),
            ),
        ),
        (
            "Tokens y llamadas",
            (
                Panel(
                    "Tokens",
                    "By role and direction." + _SHORT_RUNS,
                    (Query(_many("resuelve_model_tokens_total", "role, direction"), "{{role}} · {{direction}}"),),
                    stacked=True,
                ),
                Panel(
                    "Llamadas",
                    "By role, model and result." + _SHORT_RUNS,
                    (
                        Query(
                            _many("resuelve_model_calls_total", "role, model, result"),
                            "{{role}} · {{model}} · {{result}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Tokens por llamada, p95",
                    "Long questions cost; an answer that grows is a sign too.",
                    (
                        Query(
                            _quantile(0.95, "le, gen_ai_request_model, gen_ai_token_type", "gen_ai_client_token_usage"),
                            "{{gen_ai_request_model}} · {{gen_ai_token_type}}",
                        ),
                    ),
                ),
                Panel(
                    "Llamadas fallidas",
                    "By role and model.",
                    (Query("resuelve:model_calls_failed:share15m", "{{job}} · {{role}} · {{model}}"),),
                    unit="percentunit",
                    most=1,
                ),
            ),
        ),
        (
            "Tiempo",
            (
                Panel(
                    "Duración de una llamada, p95",
                    "By model and operation.",
                    (
                        Query(
                            _quantile(
                                0.95,
                                "le, gen_ai_request_model, gen_ai_operation_name",
                                "gen_ai_client_operation_duration_seconds",
                            ),
                            "{{gen_ai_request_model}} · {{gen_ai_operation_name}}",
                        ),
                    ),
                    unit="s",
                ),
                Panel(
                    "Segundos por etapa e incidencia",
                    "Where the time of an incident goes.",
                    (
                        Query(
                            "sum by (stage) (increase(resuelve_stage_duration_seconds_sum[1h])) / on () group_left ()"
                            " sum(increase(resuelve_incident_duration_seconds_count[1h]))",
                            "{{stage}}",
                        ),
                    ),
                    unit="s",
                    stacked=True,
                ),
            ),
        ),
    ),
)

KNOWLEDGE = Page(
    uid="resuelve-conocimiento",
    title="Resuelve · Conocimiento: ¿qué le falta al diccionario?",
    description="What is known, what is missing, which rows do harm.",
    since="30d",
    refresh="5m",
    rows=(
        (
            "",
            (
                _stat(
                    "Problemas conocidos",
                    "Known problems in the dictionary.",
                    _newest("resuelve_dictionary_problems"),
                ),
                _stat(
                    "Filas que no se pueden usar",
                    "Rows of the dictionary that were set aside; `resuelve index` says why.",
                    _newest("resuelve_dictionary_rows_set_aside"),
                    steps=_WARN_FROM_ONE,
                ),
                _stat(
                    "Sin fila, 7 días",
                    "Of what was decided, the share for which no row fits: what the dictionary lacks.",
                    'sum(increase(resuelve_handovers_total{reason="no_match"}[7d]))'
                    f" / sum(increase(resuelve_incidents_total{{{_DECIDED}}}[7d]))",
                    unit="percentunit",
                    steps=((0.25, "orange"), (0.5, "red")),
                ),
                _stat(
                    "Propuestas por decidir",
                    "Proposals of closed incidents: `resuelve maintain review`.",
                    _newest("resuelve_proposals_open"),
                    steps=((20, "orange"),),
                ),
                _stat(
                    "Filas que ya no actúan",
                    "Rows that stopped because an incident that they resolved came back: `resuelve returned`.",
                    _newest('resuelve_breakers{breaker="rows"}'),
                    steps=_WARN_FROM_ONE,
                ),
                _stat(
                    "Edad del índice",
                    "Since the index in use was built. Old is not wrong: the dictionary may not have changed.",
                    f"time() - {_newest('resuelve_index_built_timestamp_seconds', '1d')}",
                    unit="s",
                ),
            ),
        ),
        (
            "Lo que falta",
            (
                Panel(
                    "Dejadas a personas por el diccionario",
                    "Nothing fits, a weak match, rows that contradict each other, texts that cannot be sent.",
                    (
                        Query(
                            "sum by (reason) (increase(resuelve_handovers_total{reason=~"
                            '"no_match|weak_match|ambiguous|contradictory|no_usable_solution|placeholder_text"}[1d]))',
                            "{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Parecido de la fila más cercana",
                    "Cosine similarity: a mass that moves down means that incidents arrive which no row describes.",
                    (Query(_many("resuelve_retrieval_score_bucket", "le"), "{{le}}", heatmap=True),),
                    "heatmap",
                ),
            ),
        ),
        (
            "Las filas",
            (
                Panel(
                    "Rechazos por fila, 7 días",
                    "Rows that the critic rejects again and again: their texts or examples mislead.",
                    (
                        Query(
                            "topk(20, sum by (row) (increase(resuelve_rejections_total[7d])) > 0)",
                            "{{row}}",
                        ),
                    ),
                    "table",
                    height=10,
                ),
                Panel(
                    "Diccionario y propuestas",
                    "How both grow.",
                    (
                        Query(_newest("resuelve_dictionary_problems"), "problemas"),
                        Query(_newest("resuelve_dictionary_rows_set_aside"), "filas que no se pueden usar"),
                        Query(_newest("resuelve_proposals_open"), "propuestas por decidir"),
                    ),
                    height=10,
                ),
                Panel(
                    "Lo que dejó de actuar",
                    "From the log: which row stopped, and because of what.",
                    (Query('{service_name=~"$servicio"} | event="breaker.stopped"', source="loki"),),
                    "logs",
                    width=24,
                ),
            ),
        ),
    ),
)

PAGES = (OPERATION, QUALITY, COST, KNOWLEDGE)
