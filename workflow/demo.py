"""The demonstration: invented employers, experts, figures and cases, the cases walked through the real engine on past days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow import accounts, audit, cases, clock, figures, identity
from workflow.errors import Refused
from workflow.models import Case, Employer, Expert, Meta, Office, Worker
from workflow.setup import machine_account
from workflow.situation import Actor
from workflow.store import Store

MARK = "demo"
EMPLOYER = "乌拉特前旗宏源煤业有限责任公司（演示）"
EMPLOYERS = (
    ("150823", "煤矿", EMPLOYER), ("150823", "建材", "乌拉特前旗德岭山石材有限责任公司（演示）"),
    ("150802", "冶金", "临河区河套冶炼有限责任公司（演示）"), ("150802", "煤矿", "临河区阴山煤业有限责任公司（演示）"),
    ("150825", "非煤矿山", "乌拉特后旗东升庙矿业有限责任公司（演示）"),
)  # fmt: skip
EXPERTS = (
    ("赵某明", "呼吸内科"), ("钱某华", "呼吸内科"), ("孙某兰", "职业病科"), ("李某军", "职业病科"), ("周某英", "放射影像"),
    ("吴某强", "放射影像"), ("郑某芳", "康复医学"), ("王某平", "内科"), ("冯某霞", "胸外科"),
)  # fmt: skip
PEOPLE = (
    ("陈某林", date(1968, 4, 12)), ("刘某山", date(1971, 9, 3)), ("张某海", date(1965, 2, 27)), ("苏某和", date(1974, 11, 18)),
    ("巴某尔", date(1970, 6, 6)), ("曾某柱", date(1963, 8, 21)), ("单某雄", date(1976, 1, 15)), ("马某贵", date(1969, 12, 30)),
    ("李某㛃", date(1972, 5, 9)), ("解某山", date(1967, 7, 7)), ("赵某河", date(1973, 3, 14)), ("胡某明", date(1966, 10, 2)),
    ("高某田", date(1975, 7, 25)),
)  # fmt: skip
ALL_PAPERS = ["application", "employment_proof", "diagnosis"]
APPRAISAL_PAPERS = ["appraisal_form", "diagnosis_proof", "medical_record", "identity_card"]
FINDINGS = (
    "自2005年3月至2024年6月在该单位井下从事采掘作业，接触粉尘。已取得职业病诊断证明书，单位没有异议。门诊随诊治疗。"
)


def fill(store: Store) -> dict[str, Any]:
    """Write the demonstration once; a second call changes nothing. Raises Refused in production and in a database with real cases."""
    if not store.settings.demo:
        raise Refused("正式环境不写演示数据。请设 GREENCHANNEL_ENV=demo，并用一个新的数据库。")
    with store.writing() as session:
        if session.get(Meta, "rehearsal") is None:
            if session.scalar(select(func.count()).select_from(Case)):
                raise Refused("这个数据库里已经有案件，不能写演示数据。请用一个新的数据库。")
            session.add(Meta(name="rehearsal", value=MARK))
            _ledger(session)
        actor = machine_account(session, "system")
    store.forget()
    accounts.ensure_demo(store, actor, EMPLOYER)
    people = players(store)
    _figures(store, people)
    with store.reading() as session:
        present = session.scalar(select(func.count()).select_from(Case)) or 0
    if not present:
        present = _cases(store, people)
    return {"demo_cases": present, "demo_accounts": len(accounts.DEMO_ACCOUNTS) + 1}


def _ledger(session: Session) -> None:
    """Employers and experts, and telephones nobody has for the offices."""
    offices = {o.code: o for o in session.scalars(select(Office))}
    for n, office in enumerate(sorted(offices.values(), key=lambda o: o.code)):
        office.phone = f"0478-00001{n:02d}"
        office.address = f"{office.county if not office.city else '临河区'}演示大街{n + 1}号政务服务中心一站式窗口"
    for n, (code, industry, name) in enumerate(EMPLOYERS):
        session.add(Employer(name=name, office_id=offices[code].id, industry=industry, address=f"{offices[code].county}演示工业园区{n + 1}号",
                             headcount=120 + 40 * n, contact="经办人（演示）", phone=f"0478-00002{n:02d}", source={"way": "demo"}))  # fmt: skip
    for name, specialty in EXPERTS:
        session.add(Expert(name=name, specialty=specialty, unit="巴彦淖尔演示医院", active=True))
    session.flush()
    audit.record(
        session,
        machine_account(session, "system"),
        kind="demo:filled",
        label="写入演示数据",
        payload={"employers": len(EMPLOYERS)},
    )


def players(store: Store) -> dict[str, Actor]:
    """The demonstration's accounts as actors, by user name."""
    from workflow.models import User

    with store.reading() as session:
        return {u.username: accounts.actor_of(u) for u in session.scalars(select(User).where(User.demo))}


def _figures(store: Store, players: dict[str, Actor]) -> None:
    """Invented average wages under a notice marked 演示, entered by one demo account and approved by another."""
    with store.reading() as session:
        if figures.listing(session):
            return
    year = clock.today().year
    rows = [
        {"kind": "average_wage", "scope": "city", "year": y, "effective_on": f"{y + 1}-07-01", "value": str(7000 + 100 * (y - year + 5)) + ".00",
         "notice": f"演示〔{y + 1}〕1号", "confidence": "verified", "demo": True}
        for y in range(year - 4, year)
    ]  # fmt: skip
    figures.add_figures(store, players["city-agency"], rows)
    with store.reading() as session:
        pending = [f.id for f in figures.pending(session)]
    for figure_id in pending:
        figures.approve(store, players["city-reviewer"], figure_id)


class _Story:
    """One case walked through the engine; `ago` are days before today."""

    def __init__(self, store: Store, players: dict[str, Actor], n: int, office: str, employer: str) -> None:
        self.store, self.players, self.n, self.office, self.employer = store, players, n, office, employer
        self.today = clock.today()
        self.case_no = ""

    def on(self, ago: int) -> datetime:
        """Half past nine there, in office hours, a minute later for each step of the same day."""
        return datetime.combine(self.today - timedelta(days=ago), time(9, 30), clock.SHANGHAI)

    def opened(self, ago: int, diagnosed: int, **more: str) -> _Story:
        name, birth = PEOPLE[self.n]
        form = {
            "name": name, "id_number": identity.make(identity.DEMO_REGION, birth, 2 * self.n + 11), "employer": self.employer,
            "disease": "职业性尘肺病（矽肺壹期）", "diagnosed_on": self.day(diagnosed),
            "certificate_no": f"演诊{self.today.year}-{self.n + 1:04d}", "institution": "巴彦淖尔演示职业病防治院",
            "certificate_employer": self.employer, "phone": f"0478-00003{self.n:02d}", "address": "演示镇一号", "occupation": "凿岩工",
            "insured": "yes", "dispute": "no", **more,
        }  # fmt: skip
        with clock.frozen(self.on(ago)):
            self.case_no = cases.open_case(self.store, self.players[f"{self.office}-desk"], form)["case_no"]
        return self

    def day(self, ago: int) -> str:
        return (self.today - timedelta(days=ago)).isoformat()

    def did(
        self,
        ago: int,
        who: str,
        matter: str,
        action: str,
        papers: list[str] | None = None,
        behalf: str = "",
        **facts: str,
    ) -> _Story:
        player = self.players[who if who.startswith("city-") else f"{self.office}-{who}"]
        with clock.frozen(self.on(ago)):
            cases.perform(self.store, player, self.case_no, matter, action, facts=facts, papers=papers, behalf=behalf)
        return self

    def filed(self, ago: int, papers: list[str]) -> _Story:
        return self.did(ago, "desk", "recognition", "file", papers, applicant="worker")

    def accepted(self, ago: int) -> _Story:
        return self.did(ago, "approver", "recognition", "accept")

    def recognised(self, ago: int) -> _Story:
        self.did(ago + 1, "officer", "recognition", "propose", opinion="recognise", findings=FINDINGS, exclusion="no")
        return self.did(ago, "approver", "recognition", "recognise")

    def served(self, ago: int, matter: str = "recognition", who: str = "desk") -> _Story:
        for addressee in ("worker", "employer"):
            self.did(
                ago,
                who,
                matter,
                "deliver",
                addressee=addressee,
                way="direct",
                received_on=self.day(ago),
            )
        return self


def _cases(store: Store, players: dict[str, Actor]) -> int:
    """Thirteen cases, one in each place people look at first."""

    def story(n: int, office: str = "qianqi", employer: str = EMPLOYER) -> _Story:
        return _Story(store, players, n, office, employer)

    linhe = "临河区河套冶炼有限责任公司（演示）"
    story(0).opened(5, 26)  # the employer's 30 days are nearly over
    story(1).opened(20, 45)  # they are over; the worker's year runs
    story(2).opened(3, 12).filed(2, ALL_PAPERS)
    missing = story(3).opened(9, 20).filed(8, ["application"])
    missing.did(6, "desk", "recognition", "correct")
    story(4).opened(20, 30).filed(16, ALL_PAPERS).accepted(13)
    paused = story(5, "linhe", linhe).opened(40, 50, dispute="yes").filed(38, ALL_PAPERS).accepted(35)
    paused.did(
        30,
        "approver",
        "recognition",
        "suspend",
        suspension_kind="relationship",
        told_arbitration="yes",
        ground="劳动关系有争议，已申请仲裁",
        awaited="劳动人事争议仲裁裁决书",
    )
    story(6, "linhe", linhe).opened(25, 33).filed(22, ALL_PAPERS).accepted(20).recognised(8)
    seen = story(7).opened(90, 100).filed(88, ALL_PAPERS).accepted(85).recognised(75).served(70)
    _appraised(seen, filed=50, exam_in=5)
    done = story(8).opened(200, 210).filed(198, ALL_PAPERS).accepted(196).recognised(188).served(185)
    _appraised(done, filed=170, exam_in=-150)
    _concluded(done, 148, "3", "part")
    _paid(done, 120)
    late = story(9, "linhe", linhe).opened(85, 95).filed(82, ALL_PAPERS).accepted(78)  # past the 60 days
    late.did(70, "officer", "recognition", "to_ordinary", reason="单位对接尘工龄有不同说法，需要核实")
    _watched(story(10))
    _contested(story(11))
    _paid_first(story(12))
    return 13


def _appraised(s: _Story, filed: int, exam_in: int) -> None:
    """Appraisal up to the notice of examination; `exam_in` days from today (negative: past)."""
    s.did(filed, "desk", "appraisal", "file", APPRAISAL_PAPERS, applicant="worker", stable="yes")
    s.did(filed - 2, "city-appraisal", "appraisal", "confirm")
    s.did(filed - 4, "city-appraisal", "appraisal", "draw", panel_size="3")
    exam_on = (s.today + timedelta(days=exam_in)).isoformat()
    s.did(
        filed - 6,
        "city-appraisal",
        "appraisal",
        "schedule",
        exam_on=exam_on,
        place="巴彦淖尔演示医院鉴定室",
        exam_time="上午9时",
    )


def _watched(s: _Story) -> None:
    """Taken in before the diagnosis, which waits for a ruling on the employer's data."""
    blank = dict.fromkeys(
        ("diagnosed_on", "disease", "certificate_no", "institution", "certificate_employer", "dispute"), ""
    )
    s.opened(35, 0, diagnosing="yes", **blank)
    s.did(34, "desk", "diagnosis", "request_data").did(25, "desk", "diagnosis", "data_in")
    s.did(24, "desk", "diagnosis", "start_examining", data_basis="complete")
    s.did(12, "desk", "diagnosis", "dispute_data", ground="单位提供的岗位记录与职工、工友的说法不一致")


def _contested(s: _Story) -> None:
    """Recognised; the employer has asked for a review, and the bureau has to answer."""
    s.opened(80, 90).filed(78, ALL_PAPERS).accepted(75).recognised(65).served(62)
    remedy = "remedy#2"  # the employer's: the worker was served first
    s.did(20, "desk", remedy, "apply_review", behalf="employer", review_got_on=s.day(20))
    s.did(16, "desk", remedy, "accept_review")
    s.did(9, "officer", remedy, "got_copy")


def _paid_first(s: _Story) -> None:
    """The employer has not insured him and does not pay: the fund has been asked, the employer called on."""
    s.opened(170, 180, insured="no").filed(168, ALL_PAPERS).accepted(166).recognised(158).served(155)
    _appraised(s, filed=140, exam_in=-120)
    _concluded(s, 118, "4", "none")
    _claimed(s, 90)
    s.did(80, "city-agency", "benefit", "refer_employer", ground="参保记录查询：该单位没有为职工参加工伤保险")
    s.served(70, "benefit", "city-agency")
    s.did(
        12,
        "desk",
        "benefit",
        "apply_advance",
        behalf="worker",
        gateway="refused",
        gateway_proof="单位拒绝支付的书面答复",
    )
    s.did(11, "desk", "advance_payment", "add_papers", ["advance_form", "gateway_paper"])
    s.did(10, "city-agency", "advance_payment", "dun")
    s.did(8, "city-agency", "advance_payment", "deliver", addressee="employer", way="direct", received_on=s.day(8))


def _concluded(s: _Story, ago: int, grade: str, care: str) -> None:
    s.did(ago, "city-committee", "appraisal", "conclude", grade=grade, care=care, condition="双肺弥漫性小阴影，肺功能中度损伤",
          basis="劳动能力鉴定 职工工伤与职业病致残等级（标准条目由专家组注明）", votes_for="3", signed="yes")  # fmt: skip
    s.served(ago - 3, "appraisal", "city-appraisal")


def _claimed(s: _Story, ago: int) -> None:
    s.did(ago, "desk", "benefit", "claim", applicant="worker", account_holder=PEOPLE[s.n][0], bank="演示银行",
          bank_account="6200000000001234")  # fmt: skip


def _paid(s: _Story, ago: int) -> None:
    _claimed(s, ago)
    s.did(ago - 2, "city-agency", "benefit", "determine", own_wage="6200.00")
    s.did(ago - 3, "city-reviewer", "benefit", "review")
    s.did(ago - 4, "city-head", "benefit", "approve")
    day = (s.today - timedelta(days=ago - 6)).isoformat()
    s.did(ago - 6, "city-agency", "benefit", "deliver", addressee="worker", way="direct", received_on=day)
    s.did(ago - 10, "city-finance", "benefit", "pay_once")
    month = (s.today - timedelta(days=ago - 12)).isoformat()[:7]
    s.did(ago - 12, "city-finance", "benefit", "pay_month", month=month)


def lookup_example(store: Store) -> str:
    """What to type into the look-up to see an answer: an invented worker whose papers are still missing. '' where there is none."""
    name, birth = PEOPLE[3]
    with store.reading() as session:
        case_no = session.scalar(
            select(Case.case_no).join(Worker, Worker.id == Case.worker_id).where(Worker.name == name)
        )
    number = identity.make(identity.DEMO_REGION, birth, 2 * 3 + 11)
    return f"查询演示：编号 {case_no}，身份证号码后四位 {number[-4:]}" if case_no else ""
