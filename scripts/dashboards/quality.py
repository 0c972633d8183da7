"""Is it right?"""

from __future__ import annotations

from scripts.dashboards.parts import BY_MODE, WARN_FROM_ONE, Page, Panel, Query, in_mode, many, newest, stat


def _scores(verdict: str) -> tuple[Query]:
    return (Query(many(in_mode("resuelve_critic_score_bucket", f'verdict="{verdict}"'), "le"), "{{le}}", heatmap=True),)


QUALITY = Page(
    uid="resuelve-calidad",
    title="Resuelve · Calidad: ¿acierta?",
    description="Is it right? What came back, and what scores promise.",
    since="30d",
    refresh="5m",
    inputs=(BY_MODE,),
    rows=(
        (
            "",
            (
                stat(
                    "Tasa automática",
                    "Of the incidents of the window, the share that was acted on.",
                    newest("resuelve_automatic_rate"),
                    unit="percentunit",
                ),
                stat(
                    "Tasa duradera",
                    "The share that was acted on and did not come back in time.",
                    newest("resuelve_durable_rate"),
                    unit="percentunit",
                ),
                stat(
                    "Volvió y está por ver",
                    "What was done and came back, and nobody has looked at yet.",
                    "sum(max by (how) (last_over_time(resuelve_acts_returned[30m])))",
                    steps=((1, "orange"), (5, "red")),
                ),
                stat(
                    "Filas que ya no actúan",
                    "Rows that stopped because an incident that they resolved came back.",
                    newest('resuelve_breakers{breaker="rows"}'),
                    steps=WARN_FROM_ONE,
                ),
                stat(
                    "Prometido menos duradero",
                    "Mean score of what was acted on, less the share that lasted. Above 0.1 scores promise too much.",
                    newest("resuelve_calibration_drift"),
                    unit="percentunit",
                    steps=((0.05, "orange"), (0.1, "red")),
                ),
                stat(
                    "Deriva de puntuaciones",
                    "Population stability index; above 0.25 is held to be a change.",
                    newest("resuelve_score_drift"),
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
                        Query(newest("resuelve_automatic_rate"), "automática"),
                        Query(newest("resuelve_durable_rate"), "duradera"),
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
                    (
                        Query(
                            f"sort_desc({many(in_mode('resuelve_handovers_total'), 'reason', '7d')} > 0)",
                            "{{reason}}",
                        ),
                    ),
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
                    (Query(many(in_mode("resuelve_handovers_total"), "reason", "1d"), "{{reason}}"),),
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
                    (Query(many(in_mode("resuelve_verdicts_total"), "verdict", "1d"), "{{verdict}}"),),
                ),
                Panel(
                    "Prometido menos duradero",
                    "Mean score of what was acted on, less the share that lasted.",
                    (Query(newest("resuelve_calibration_drift"), "deriva"),),
                    unit="none",
                    steps=((0.1, "red"),),
                ),
                Panel(
                    "Puntuación de lo aprobado",
                    "How the scores of approved choices are distributed.",
                    _scores("approved"),
                    "heatmap",
                ),
                Panel(
                    "Puntuación de lo rechazado",
                    "How the scores of rejected choices are distributed.",
                    _scores("rejected"),
                    "heatmap",
                ),
            ),
        ),
    ),
)
