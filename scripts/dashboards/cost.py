"""What does it cost?"""

from __future__ import annotations

from scripts.dashboards.parts import DECIDED, SHORT_RUNS, Page, Panel, Query, many, quantile, stat

_NO_PRICES = ("-1", "sin lista de precios", "orange")
_UNPRICED = "0 - (sum(increase(resuelve_model_tokens_total[1d])) > bool 0)"
"""-1 where models used tokens, 0 where they used none: what stands for the cost where nobody tells any."""

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
                stat(
                    "Coste, 24 h",
                    "By the price list of the settings, in its currency. Without a list it is not known.",
                    f"sum(increase(resuelve_model_cost_total[1d])) or {_UNPRICED} or vector(0)",
                    steps=((50, "orange"), (120, "red")),
                    words=(_NO_PRICES,),
                ),
                stat(
                    "Coste por incidencia",
                    "Cost of the last day for each incident that was decided.",
                    "sum(increase(resuelve_model_cost_total[1d]))"
                    f" / sum(increase(resuelve_incidents_total{{{DECIDED}}}[1d])) or {_UNPRICED} or vector(0)",
                    words=(_NO_PRICES,),
                ),
                stat(
                    "Tokens, 24 h",
                    "Input and output, of all models that tell.",
                    "sum(increase(resuelve_model_tokens_total[1d])) or vector(0)",
                ),
                stat(
                    "Llamadas, 24 h",
                    "Calls of models, repetitions included.",
                    "sum(increase(resuelve_model_calls_total[1d])) or vector(0)",
                ),
                stat(
                    "Llamadas fallidas, 24 h",
                    "Of all calls of models.",
                    '(sum(increase(resuelve_model_calls_total{result="failed"}[1d])) or vector(0))'
                    " / sum(increase(resuelve_model_calls_total[1d]))",
                    unit="percentunit",
                    steps=((0.02, "orange"), (0.1, "red")),
                ),
                stat(
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
                    (Query(many("resuelve_model_cost_total", "role", "1h"), "{{role}}"),),
                    steps=((5, "red"),),
                ),
                Panel(
                    "Coste por hora, por modelo",
                    "Which model it is.",
                    (Query(many("resuelve_model_cost_total", "model", "1h"), "{{model}}"),),
                ),
            ),
        ),
        (
            "Tokens y llamadas",
            (
                Panel(
                    "Tokens",
                    "By role and direction." + SHORT_RUNS,
                    (Query(many("resuelve_model_tokens_total", "role, direction"), "{{role}} · {{direction}}"),),
                    stacked=True,
                ),
                Panel(
                    "Llamadas",
                    "By role, model and result." + SHORT_RUNS,
                    (
                        Query(
                            many("resuelve_model_calls_total", "role, model, result"),
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
                            quantile(0.95, "le, gen_ai_request_model, gen_ai_token_type", "gen_ai_client_token_usage"),
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
                            quantile(
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
