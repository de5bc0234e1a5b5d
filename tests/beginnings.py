"""Where a random life begins: stretches of the way walked through the real engine, so that a short walk comes far."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.builders import APPRAISAL_PAPERS, BANK, COSTS, SURVIVORS, Life, Town


def chance(rng: random.Random) -> bool:
    """Two times in three."""
    return rng.random() < 0.67


def fresh(town: Town, rng: random.Random) -> Life:
    diagnosed = rng.choice(["2026-02-16", "2026-02-16", "2024-06-03"])
    return town.life(dispute=rng.choice(["no", "yes"]), diagnosed_on=diagnosed)


def watched(town: Town, _: random.Random) -> Life:
    blank: dict[str, Any] = dict.fromkeys(
        ("diagnosed_on", "disease", "certificate_no", "certificate_employer", "dispute"), ""
    )
    return town.life(diagnosing="yes", **blank)


def under_review(town: Town, rng: random.Random) -> Life:
    return town.life(dispute=rng.choice(["no", "yes"])).accepted()


def decided(town: Town, rng: random.Random) -> Life:
    life = town.life(insured=rng.choice(["yes", "no"])).accepted()
    opinion = rng.choice(["recognise", "refuse"])
    ground: dict[str, Any] = {"ground": "不在目录"} if opinion == "refuse" else {}
    life.proposed(opinion).act("approver", "recognition", opinion, **ground)
    return life.served() if chance(rng) else life


def declined(town: Town, _: random.Random) -> Life:
    life = town.life().filed()
    life.act("approver", "recognition", "decline", decline_kind="no_standing", ground="没有资格")
    return life.served()


def conclusive(town: Town, rng: random.Random) -> Life:
    life = town.life().recognised().served().appraisal_filed().scheduled()
    return life.concluded(rng.choice(["3", "8", "none"])) if rng.random() < 0.5 else life


def final(town: Town, rng: random.Random) -> Life:
    """The conclusion stands, and a year has gone by."""
    life = town.life().recognised().served().appraised(rng.choice(["1", "3", "8"]))
    return life.windows_over().wait(rng.choice([0, 300]))


def claimed(town: Town, rng: random.Random) -> Life:
    life = (
        town.life().recognised().served().appraised(rng.choice(["2", "4", "7", "none"]), rng.choice(["none", "most"]))
    )
    return life.claimed()


def payable(town: Town, _: random.Random) -> Life:
    return town.life().recognised().served().appraised().claimed().payable()


def paying(town: Town, rng: random.Random, monthly: bool | None = None) -> Life:
    life = town.life().recognised().served().appraised(rng.choice(["1", "3"]), "part").claimed().payable()
    life.wait(1).act("finance", "benefit", "pay_once")
    if monthly or (monthly is None and chance(rng)):
        life.wait(30).act("finance", "benefit", "pay_month", month=life.day.isoformat()[:7])
    return life


def bereft(town: Town, rng: random.Random) -> Life:
    life = paying(town, rng)
    life.wait(2).act("agency", "benefit", "record_death", died_on=life.day.isoformat())
    life.act("desk", "benefit", "claim_survivor", **SURVIVORS)
    return life


def liable(town: Town, rng: random.Random, dunned: bool | None = None) -> Life:
    """The employer has to pay, and does not: the fund is asked."""
    life = town.life(insured="no").recognised().served().appraised().claimed()
    life.act("agency", "benefit", "refer_employer", ground="未参保")
    life.served("benefit", "agency")
    life.act("desk", "benefit", "apply_advance", behalf="worker", gateway="refused", gateway_proof="拒付答复")
    if dunned or (dunned is None and chance(rng)):
        life.wait(1).act("agency", "advance_payment", "dun")
    return life


def advanced(town: Town, rng: random.Random, paid: bool | None = None) -> Life:
    """The fund has decided to pay first, and perhaps paid."""
    life = liable(town, rng, dunned=True)
    life.act(
        "agency", "advance_payment", "deliver", addressee="employer", way="direct", received_on=life.day.isoformat()
    )
    life.wait(12).act("agency", "advance_payment", "propose_advance", advance_items="一次性伤残补助金", advance_sum="1000.00",
                      advance_month="500.00", **BANK)  # fmt: skip
    life.act("head", "advance_payment", "grant_advance")
    life.act("agency", "advance_payment", "deliver", addressee="worker", way="direct", received_on=life.day.isoformat())
    if paid or (paid is None and chance(rng)):
        life.act("finance", "advance_payment", "pay_out")
    return life


def reimbursing(town: Town, _: random.Random) -> Life:
    life = town.life().recognised().served()
    life.act("desk", "benefit", "apply_reimbursement", behalf="worker")
    return life


def objecting(town: Town, rng: random.Random) -> Life:
    """A review or a suit about the recognition is under way."""
    life = decided(town, rng)
    if not life.remedies():
        life.served()
    remedy = life.remedies()["worker"]
    if rng.random() < 0.5:
        life.act("desk", remedy, "apply_review", behalf="worker", review_got_on=life.day.isoformat())
        life.act("desk", remedy, rng.choice(["accept_review", "accept_simple"]))
    else:
        life.act("desk", remedy, "sue", behalf="worker")
        life.act("desk", remedy, rng.choice(["docket", "docket_simple"]), complaint_got_on=life.day.isoformat())
    return life


def appealing(town: Town, rng: random.Random) -> Life:
    """A court has judged, or a suit was not taken; one side appeals."""
    life = decided(town, rng)
    if not life.remedies():
        life.served()
    remedy = life.remedies()["worker"]
    life.act("desk", remedy, "sue", behalf="worker")
    if rng.random() < 0.3:
        life.act("desk", remedy, "refuse_docket", ground="超过起诉期限")
        return life
    life.act("desk", remedy, "docket", complaint_got_on=life.day.isoformat())
    life.act("officer", remedy, "answer")
    life.act("desk", remedy, "judge", outcome=rng.choice(["upheld", "annulled"]), ruling="行政判决书12号")
    life.act("desk", remedy, "judgment_served")
    if rng.random() < 0.6:
        life.act("desk", remedy, "appeal", behalf="worker", appeal_got_on=life.day.isoformat())
    else:
        life.act("desk", remedy, "all_served")
    return life


def disputing(town: Town, rng: random.Random) -> Life:
    """The diagnosis waits for the end of a dispute about the employment."""
    life = watched(town, rng)
    life.act("desk", "diagnosis", "request_data")
    life.act("desk", "diagnosis", "refer_labour", ground="单位否认劳动关系")
    life.act("desk", "labour", "file_labour", behalf="worker")
    kind = rng.choice(["special", "ordinary"])
    life.act("desk", "labour", f"accept_{kind}")
    if rng.random() < 0.7:
        received: dict[str, Any] = {"employer_award_on": life.day.isoformat()} if kind == "ordinary" else {}
        life.act("desk", "labour", f"award_{kind}_in", award="劳人仲案〔2026〕7号", **received)
    return life


def negative(town: Town, rng: random.Random) -> Life:
    """Diagnosed as no occupational disease, and appraised."""
    life = watched(town, rng)
    life.act("desk", "diagnosis", "start_examining", data_basis="complete")
    life.act("desk", "diagnosis", "diagnose_negative", certificate="演诊2026-0098")
    for who in ("worker", "employer"):
        life.act("desk", "diagnosis", f"{who}_received")
    life.act("desk", "diagnosis", "apply_appraisal", behalf="worker")
    life.act("desk", "diagnosis", "accept_appraisal")
    return life


def rechecking(town: Town, rng: random.Random) -> Life:
    """A year after the conclusion, a re-check is asked for."""
    life = town.life().recognised().served().appraised("5", "none").windows_over()
    life.on(max(life.day, life.due("recheck_from")))
    life.act("desk", "appraisal", "apply_recheck", behalf="worker", papers=APPRAISAL_PAPERS[: rng.choice([1, 4])],
             recheck_applicant="worker", change="肺功能下降")  # fmt: skip
    return life


def handed(life: Life, matter: str, who: str = "worker") -> Life:
    life.act("agency", matter, "deliver", addressee=who, way="direct", received_on=life.day.isoformat())
    return life


def a_decision(town: Town, rng: random.Random) -> tuple[Life, str]:
    """Some decision on money, served, and the matter it belongs to."""
    kind = rng.choice(["sheet", "stop", "recovery", "survivors", "costs", "advance", "debt"])
    if kind == "costs":
        life = reimbursing(town, rng)
        life.act("agency", "reimbursement", "add_papers", papers=COSTS)
        life.act("agency", "reimbursement", "assess", cost_kind="medical", claimed_sum="100", payable_sum="80", **BANK)
        life.act("head", "reimbursement", "approve_part", ground="不在目录内")
        return handed(life, "reimbursement"), "reimbursement"
    if kind == "advance":
        life = liable(town, rng, dunned=False)
        life.act("head", "advance_payment", "refuse_advance", ground="单位正在支付")
        return handed(life, "advance_payment"), "advance_payment"
    if kind == "debt":
        life = advanced(town, rng, paid=True)
        life.act("head", "advance_payment", "order_repay", owed_sum="1000", ground="追偿")
        return handed(life, "advance_payment", "employer"), "advance_payment"
    if kind == "survivors":
        life = bereft(town, rng)
        life.act(
            "agency",
            "benefit",
            "propose_survivor",
            died_in_leave="no",
            funeral_grant="42000",
            pension_month="0",
            ground="配偶",
        )
        life.act("head", "benefit", "approve_survivor")
        return handed(life, "benefit"), "benefit"
    life = paying(town, rng, monthly=True)
    if kind == "stop":
        life.act("head", "benefit", "stop", stop_cause="appraisal", ground="不参加鉴定")
    if kind == "recovery":
        life.act("head", "benefit", "recover", recovery_cause="overpaid", recovery_sum="100", ground="重复计算")
    return (life if kind == "sheet" else handed(life, "benefit")), "benefit"


def ordered(town: Town, rng: random.Random) -> Life:
    """A review of some decision on money is decided: what it orders is to be carried out."""
    life, matter = a_decision(town, rng)
    who, remedy = list(life.remedies(matter).items())[-1]
    life.act("agency", remedy, "apply_review", behalf=who, review_got_on=life.day.isoformat())
    life.act("agency", remedy, "accept_review")
    outcome = rng.choice(["redo", "annulled", "varied", "ordered_to_act"])
    life.act("agency", remedy, "decide_review", outcome=outcome, ruling="复议决定书", procedural="no")
    life.act("agency", remedy, "review_served")
    return life


BEGINNINGS: tuple[Callable[[Town, random.Random], Life], ...] = (
    fresh, watched, decided, objecting, claimed, payable, liable, reimbursing, ordered, declined, conclusive, final, bereft, advanced,
    paying, ordered, appealing, disputing, negative, under_review, rechecking, ordered,
)  # fmt: skip
