"""What does the dictionary lack?"""

from __future__ import annotations

from scripts.dashboards.parts import BY_MODE, DECIDED, WARN_FROM_ONE, Page, Panel, Query, in_mode, many, newest, stat

_OF_THE_DICTIONARY = "no_match|weak_match|ambiguous|contradictory|no_usable_solution|placeholder_text"


def _left(reasons: str) -> str:
    return in_mode("resuelve_handovers_total", f'reason=~"{reasons}"')


KNOWLEDGE = Page(
    uid="resuelve-conocimiento",
    title="Resuelve · Conocimiento: ¿qué le falta al diccionario?",
    description="What is known, what is missing, which rows do harm.",
    since="30d",
    refresh="5m",
    inputs=(BY_MODE,),
    rows=(
        (
            "",
            (
                stat(
                    "Problemas conocidos",
                    "Known problems in the dictionary.",
                    newest("resuelve_dictionary_problems"),
                ),
                stat(
                    "Filas que no se pueden usar",
                    "Rows of the dictionary that were set aside; `resuelve index` says why.",
                    newest("resuelve_dictionary_rows_set_aside"),
                    steps=WARN_FROM_ONE,
                ),
                stat(
                    "Sin fila, 7 días",
                    "Of what was decided, the share for which no row fits: what the dictionary lacks.",
                    f"sum(increase({_left('no_match')}[7d]))"
                    f" / sum(increase({in_mode('resuelve_incidents_total', DECIDED)}[7d]))",
                    unit="percentunit",
                    steps=((0.25, "orange"), (0.5, "red")),
                ),
                stat(
                    "Propuestas por decidir",
                    "Proposals of closed incidents: `resuelve maintain review`.",
                    newest("resuelve_proposals_open"),
                    steps=((20, "orange"),),
                ),
                stat(
                    "Filas que ya no actúan",
                    "Rows that stopped because an incident that they resolved came back: `resuelve returned`.",
                    newest('resuelve_breakers{breaker="rows"}'),
                    steps=WARN_FROM_ONE,
                ),
                stat(
                    "Edad del índice",
                    "Since the index in use was built. Old is not wrong: the dictionary may not have changed.",
                    f"time() - {newest('resuelve_index_built_timestamp_seconds', '1d')}",
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
                            many(_left(_OF_THE_DICTIONARY), "reason", "1d"),
                            "{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Parecido de la fila más cercana",
                    "Cosine similarity: a mass that moves down means that incidents arrive which no row describes.",
                    (Query(many(in_mode("resuelve_retrieval_score_bucket"), "le"), "{{le}}", heatmap=True),),
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
                            f"topk(20, {many(in_mode('resuelve_rejections_total'), 'row', '7d')} > 0)",
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
                        Query(newest("resuelve_dictionary_problems"), "problemas"),
                        Query(newest("resuelve_dictionary_rows_set_aside"), "filas que no se pueden usar"),
                        Query(newest("resuelve_proposals_open"), "propuestas por decidir"),
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
