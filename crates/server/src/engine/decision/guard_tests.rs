//! Every rule of the write guard, alone and in its order.

use std::net::{IpAddr, Ipv4Addr};

use statelock_protocol::state::{Digest, Lineage, Serial, StateHeader};

use super::*;
use crate::engine::{Connection, ConnectionId};

const HOLDER: &str = "11111111-1111-1111-1111-111111111111";
const OTHER: &str = "22222222-2222-2222-2222-222222222222";
const REFUSE: GuardPolicy = GuardPolicy { mode: GuardMode::Refuse, direct_clients: false };

fn id(text: &str) -> LockId {
    LockId::parse(text).unwrap()
}

fn facts(body: &str) -> BodyFacts {
    let size = u64::try_from(body.len()).unwrap();
    BodyFacts::new(Digest::of(body.as_bytes()), size, StateHeader::read(body.as_bytes()))
}

fn state(lineage: &str, serial: u64, output: &str) -> BodyFacts {
    facts(&format!(
        r#"{{"version":4,"serial":{serial},"lineage":"{lineage}","outputs":{{"o":"{output}"}}}}"#
    ))
}

fn empty_state(lineage: &str, serial: u64) -> BodyFacts {
    facts(&format!(r#"{{"version":4,"serial":{serial},"lineage":"{lineage}","outputs":{{}}}}"#))
}

fn sender(protocol: Protocol) -> Sender {
    Sender {
        protocol,
        principal: "root".to_owned(),
        connection: Connection {
            id: ConnectionId(1),
            peer: Ipv4Addr::LOCALHOST.into(),
            idle_since_micros: 0,
        },
        proxied: false,
        user_agent: String::new(),
        invocation: None,
    }
}

fn hold(facets: &[Facet]) -> Hold {
    Hold {
        id: Some(id(HOLDER)),
        info: Vec::new(),
        taken_through: facets[0],
        facets: facets.iter().copied().collect(),
        since_micros: 0,
        giving_back_since_micros: None,
    }
}

fn holder(principal: &str, peer: Ipv4Addr, proxied: bool) -> HolderRecord {
    let peer = IpAddr::V4(peer);
    HolderRecord { principal: principal.to_owned(), peer, proxied, user_agent: String::new() }
}

/// A world in which everything is allowed, to change one thing of.
struct World {
    stored: Option<BodyFacts>,
    offered: Option<BodyFacts>,
    hold: Option<Hold>,
    holder: Option<HolderRecord>,
    sender: Sender,
    claim: WriteClaim,
    lost: Option<LockId>,
    is_excepted: bool,
    policy: GuardPolicy,
}

impl World {
    fn s3() -> Self {
        Self {
            stored: Some(state("L", 5, "a")),
            offered: Some(state("L", 6, "b")),
            hold: Some(hold(&[Facet::Lockfile])),
            holder: Some(holder("root", Ipv4Addr::LOCALHOST, false)),
            sender: sender(Protocol::S3),
            claim: WriteClaim::Unnamed,
            lost: None,
            is_excepted: false,
            policy: REFUSE,
        }
    }

    fn http(claim: Option<&str>) -> Self {
        Self {
            hold: Some(hold(&[Facet::Http])),
            sender: sender(Protocol::Http),
            claim: WriteClaim::Http(claim.map(id)),
            ..Self::s3()
        }
    }

    fn unlocked() -> Self {
        Self { hold: None, holder: None, ..Self::s3() }
    }

    fn replacing(stored: BodyFacts, offered: BodyFacts) -> Self {
        Self { stored: Some(stored), offered: Some(offered), ..Self::unlocked() }
    }

    fn verdict(&self) -> GuardVerdict {
        decide_guard(&GuardQuestion {
            stored: self.stored.as_ref(),
            offered: self.offered.as_ref().map_or(Offered::Nothing, Offered::Body),
            lock: self
                .hold
                .as_ref()
                .map(|hold| StandingLock { hold, holder: self.holder.as_ref() }),
            sender: &self.sender,
            claim: &self.claim,
            lost: self.lost.clone(),
            is_excepted: self.is_excepted,
            policy: self.policy,
        })
    }
}

fn not_holder(reason: NotHolder) -> GuardVerdict {
    GuardVerdict::Refused(GuardRefusal::NotHolder(reason))
}

#[test]
fn the_world_of_these_tests_allows() {
    for world in [World::s3(), World::http(Some(HOLDER)), World::unlocked()] {
        assert_eq!(world.verdict(), GuardVerdict::Allowed);
    }
}

#[test]
fn p6_a_claim_must_be_of_the_lock_that_stands() {
    let named = |claim, hold| World { hold, ..World::http(claim) }.verdict();
    let standing = || Some(hold(&[Facet::Lockfile, Facet::LockTable]));
    assert_eq!(named(Some(HOLDER), standing()), GuardVerdict::Allowed);
    assert_eq!(named(Some(OTHER), standing()), not_holder(NotHolder::NamesOther(id(OTHER))));
    assert_eq!(named(Some(HOLDER), None), not_holder(NotHolder::NamesFree(id(HOLDER))));
    assert_eq!(named(None, standing()), not_holder(NotHolder::NamesNone));
    assert_eq!(named(None, None), GuardVerdict::Allowed);
}

#[test]
fn p6_a_claim_is_never_of_a_lock_without_a_readable_id() {
    let unreadable = Hold { id: None, ..hold(&[Facet::Lockfile]) };
    let world = World { hold: Some(unreadable), ..World::http(Some(HOLDER)) };
    assert_eq!(world.verdict(), not_holder(NotHolder::NamesOther(id(HOLDER))));
}

#[test]
fn p6_claims_count_for_identical_and_for_first_states_too() {
    for stored in [None, Some(state("L", 6, "b"))] {
        let world = World { stored, ..World::http(Some(OTHER)) };
        assert_eq!(world.verdict(), not_holder(NotHolder::NamesOther(id(OTHER))));
    }
}

#[test]
fn p6_another_principal_does_not_hold() {
    let holder = Some(holder("ci", Ipv4Addr::LOCALHOST, false));
    let world = World { holder, ..World::s3() };
    assert_eq!(world.verdict(), not_holder(NotHolder::OtherPrincipal));
}

#[test]
fn p6_who_holds_through_http_alone_does_not_write_through_s3() {
    let world = |facets: &[Facet]| World { hold: Some(hold(facets)), ..World::s3() };
    assert_eq!(world(&[Facet::Http]).verdict(), not_holder(NotHolder::OtherProtocol));
    for facets in [&[Facet::LockTable][..], &[Facet::Lockfile, Facet::Http]] {
        assert_eq!(world(facets).verdict(), GuardVerdict::Allowed, "{facets:?}");
    }
}

#[test]
fn p6_who_lost_its_lock_to_the_holder_does_not_hold() {
    let world = World { lost: Some(id(OTHER)), ..World::s3() };
    assert_eq!(world.verdict(), not_holder(NotHolder::LostItsLock(id(OTHER))));
    // Where nobody holds, there is nobody whom it could disturb.
    let world = World { lost: Some(id(OTHER)), ..World::unlocked() };
    assert_eq!(world.verdict(), GuardVerdict::Allowed);
}

#[test]
fn p6_addresses_count_only_between_direct_clients() {
    let far = Ipv4Addr::new(10, 0, 0, 7);
    let direct = GuardPolicy { direct_clients: true, ..REFUSE };
    let world = |policy, holder, proxied| {
        let sender = Sender { proxied, ..sender(Protocol::S3) };
        World { holder: Some(holder), sender, policy, ..World::s3() }.verdict()
    };
    let refused = not_holder(NotHolder::OtherAddress);
    assert_eq!(world(direct, holder("root", far, false), false), refused);
    for (policy, holder, proxied) in [
        (REFUSE, holder("root", far, false), false),
        (direct, holder("root", Ipv4Addr::LOCALHOST, false), false),
        (direct, holder("root", far, true), false),
        (direct, holder("root", far, false), true),
    ] {
        assert_eq!(world(policy, holder, proxied), GuardVerdict::Allowed);
    }
}

#[test]
fn p6_a_lock_without_a_known_holder_shows_no_signs_of_another() {
    let direct = GuardPolicy { direct_clients: true, ..REFUSE };
    let world = World { holder: None, policy: direct, ..World::s3() };
    assert_eq!(world.verdict(), GuardVerdict::Allowed);
}

#[test]
fn p6_a_locked_state_is_not_deleted_through_s3() {
    let world = World { offered: None, ..World::s3() };
    assert_eq!(world.verdict(), not_holder(NotHolder::Deletes));
    assert_eq!(World { offered: None, ..World::unlocked() }.verdict(), GuardVerdict::Allowed);
    let by_id = |claim| World { offered: None, ..World::http(claim) }.verdict();
    assert_eq!(by_id(Some(HOLDER)), GuardVerdict::Allowed);
    assert_eq!(by_id(Some(OTHER)), not_holder(NotHolder::NamesOther(id(OTHER))));
    assert_eq!(by_id(None), not_holder(NotHolder::NamesNone));
}

#[test]
fn p6_a_lock_protects_what_is_no_state_too() {
    for offered in [facts(""), facts("text"), state("L", 1, "a")] {
        let holder = Some(holder("ci", Ipv4Addr::LOCALHOST, false));
        let world = World { stored: None, offered: Some(offered), holder, ..World::s3() };
        assert_eq!(world.verdict(), not_holder(NotHolder::OtherPrincipal));
    }
}

#[test]
fn p7_another_lineage_is_refused_unless_the_state_is_empty() {
    let world = World::replacing(state("L", 5, "a"), state("M", 6, "b"));
    let (stored, offered) = (Lineage::new("L"), Lineage::new("M"));
    let refusal = GuardRefusal::Rule(RuleRefusal::LineageDiffers { stored, offered });
    assert_eq!(world.verdict(), GuardVerdict::Refused(refusal));
    let world = World::replacing(empty_state("L", 5), state("M", 1, "b"));
    assert_eq!(world.verdict(), GuardVerdict::Allowed);
}

#[test]
fn p7_a_serial_must_grow_even_for_the_holder() {
    for world in [World::s3(), World::http(Some(HOLDER)), World::unlocked()] {
        let world = World { offered: Some(state("L", 4, "b")), ..world };
        let refusal = RuleRefusal::SerialLower { stored: Serial(5), offered: Serial(4) };
        assert_eq!(world.verdict(), GuardVerdict::Refused(GuardRefusal::Rule(refusal)));
    }
    let world = World::replacing(state("L", 5, "a"), state("L", 5, "b"));
    assert!(matches!(
        world.verdict(),
        GuardVerdict::Refused(GuardRefusal::Rule(RuleRefusal::SerialEqualContentDiffers {
            serial: Serial(5),
            ..
        }))
    ));
}

#[test]
fn p7_the_same_bytes_may_come_again() {
    let world = World::replacing(state("L", 5, "a"), state("L", 5, "a"));
    assert_eq!(world.verdict(), GuardVerdict::Allowed);
}

#[test]
fn p7_a_state_does_not_give_way_to_what_is_none() {
    for (body, kind) in [
        ("", BodyKind::Empty),
        ("text", BodyKind::Other),
        (r#"{"version":4,"serial":9,"li"#, BodyKind::DamagedState),
        (r#"{"version":5,"serial":9}"#, BodyKind::UnknownVersion { version: 5 }),
    ] {
        for stored in [state("L", 5, "a"), empty_state("L", 5)] {
            let world = World::replacing(stored, facts(body));
            let refusal = GuardRefusal::NoState(kind.clone());
            assert_eq!(world.verdict(), GuardVerdict::Refused(refusal), "{body}");
        }
    }
}

#[test]
fn what_is_no_state_may_be_replaced_by_anything() {
    for stored in ["", "text", r#"{"version":4,"serial":9,"li"#, r#"{"version":5,"serial":9}"#] {
        for offered in [facts(""), facts("other"), state("L", 1, "a")] {
            let world = World::replacing(facts(stored), offered);
            assert_eq!(world.verdict(), GuardVerdict::Allowed, "{stored}");
        }
    }
    let first = World { stored: None, ..World::unlocked() };
    assert_eq!(first.verdict(), GuardVerdict::Allowed);
}

#[test]
fn an_exception_lifts_the_rule_and_never_the_lock() {
    let lower = World { offered: Some(state("L", 4, "b")), ..World::unlocked() };
    let no_state = World { offered: Some(facts("")), ..World::unlocked() };
    for world in [lower, no_state] {
        let GuardVerdict::Refused(refusal) = world.verdict() else { panic!() };
        let world = World { is_excepted: true, ..world };
        assert_eq!(world.verdict(), GuardVerdict::AllowedByException(refusal));
    }
    let locked = World { is_excepted: true, ..World::http(Some(OTHER)) };
    assert_eq!(locked.verdict(), not_holder(NotHolder::NamesOther(id(OTHER))));
    // The lock comes first: a write that breaks both is refused for the lock.
    let both = World { offered: Some(state("L", 4, "b")), ..locked };
    assert_eq!(both.verdict(), not_holder(NotHolder::NamesOther(id(OTHER))));
}

#[test]
fn an_exception_that_is_not_needed_is_not_used() {
    let world = World { is_excepted: true, ..World::s3() };
    assert_eq!(world.verdict(), GuardVerdict::Allowed);
}

#[test]
fn audit_only_says_and_off_says_nothing() {
    let audit = GuardPolicy { mode: GuardMode::Audit, ..REFUSE };
    let off = GuardPolicy { mode: GuardMode::Off, ..REFUSE };
    let lower = || World { offered: Some(state("L", 4, "b")), ..World::unlocked() };
    for make in [lower, || World::http(None)] {
        let GuardVerdict::Refused(refusal) = make().verdict() else { panic!() };
        let audited = World { policy: audit, ..make() }.verdict();
        assert_eq!(audited, GuardVerdict::Audited(refusal));
        assert_eq!(World { policy: off, ..make() }.verdict(), GuardVerdict::Allowed);
    }
    assert_eq!(World { policy: audit, ..World::s3() }.verdict(), GuardVerdict::Allowed);
}
