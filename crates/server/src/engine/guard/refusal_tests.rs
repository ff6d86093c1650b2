//! What is told to whom, word for word.

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::FacetSet;
use statelock_protocol::state::{Digest, Serial, StateHeader, WriteRefusal as RuleRefusal};

use super::*;
use crate::records::{Headers, WriterRecord};

fn facts(serial: u64) -> BodyFacts {
    let body = format!(r#"{{"version":4,"serial":{serial},"lineage":"L"}}"#);
    BodyFacts::new(Digest::of(body.as_bytes()), 1, StateHeader::read(body.as_bytes()))
}

fn version(serial: u64, who: Option<&str>) -> VersionRecord {
    let writer = WriterRecord {
        principal: "KEY".to_owned(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        who: who.map(str::to_owned),
        invocation: None,
    };
    VersionRecord {
        id: VersionId::Null,
        sequence: 1,
        modified_micros: 1_700_000_000_000_000,
        content: Some(Content {
            size: 1,
            etag: String::new(),
            segments: Vec::new(),
            checksum: None,
            headers: Headers::default(),
            tags: Vec::new(),
            lock_id: None,
            facts: Some(facts(serial)),
            writer: Some(writer),
        }),
    }
}

fn hold(who: &str) -> Hold {
    Hold {
        id: LockId::parse("2222").ok(),
        info: format!(r#"{{"ID":"2222","Who":"{who}"}}"#).into_bytes(),
        taken_through: Facet::Lockfile,
        facets: FacetSet::of(Facet::Lockfile),
        since_micros: 1_700_000_060_000_000,
        giving_back_since_micros: None,
    }
}

fn told(refusal: &GuardRefusal, key: &str, who: Option<&str>, hold: Option<&Hold>) -> String {
    let (current, stored, offered) = (version(5, who), facts(5), facts(4));
    let kept = Some(VersionId::Id { sequence: 1, nonce: 2 });
    let about = Circumstances {
        bucket: "tfstate",
        key,
        current: Some(&current),
        stored: Some(&stored),
        offered: Some(&offered),
        hold,
        kept,
    };
    RefusedWrite::new(refusal, &about).message
}

fn lower() -> GuardRefusal {
    GuardRefusal::Rule(RuleRefusal::SerialLower { stored: Serial(5), offered: Serial(4) })
}

#[test]
fn p7_who_offers_a_lower_serial_is_told_both_sides_and_what_next() {
    assert_eq!(
        told(&lower(), "app/terraform.tfstate", Some("you@laptop"), None),
        "statelock refused this write of s3://tfstate/app/terraform.tfstate: the stored state has \
         serial 5, which is newer than the offered serial 4. Stored: serial 5, lineage L, written \
         2023-11-14T22:13:20Z by you@laptop. Offered: serial 4, lineage L. Nothing was replaced. \
         What was sent is kept: `aws s3api get-object --bucket tfstate --key app/terraform.tfstate \
         --version-id 00000000000000010000000000000002 refused.tfstate`. Next: run the command \
         again; it then starts from the stored state. To overwrite that state on purpose: `statelock \
         state allow-overwrite s3://tfstate/app/terraform.tfstate --for 5m --reason TEXT`, and then \
         write again, for example with `terraform state push -force FILE`."
    );
}

#[test]
fn p6_who_lost_its_lock_is_told_who_holds_it_now() {
    let lost = NotHolder::LostItsLock(LockId::parse("1111").unwrap());
    let message = told(&GuardRefusal::NotHolder(lost), "k", None, Some(&hold("b@host")));
    for part in [
        "the lock is held by b@host with lock ID 2222 (through lockfile) since \
         2023-11-14T22:14:20Z, and this client's own lock 1111 was removed by somebody else.",
        "written 2023-11-14T22:13:20Z from 127.0.0.1 with access key KEY.",
        "`terraform state push errored.tfstate`",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn what_others_wrote_cannot_act_on_a_terminal_or_in_a_shell() {
    let message = told(&lower(), "a b'$(x)\u{1b}[2J", Some("x\u{7}\u{1b}]0;evil"), None);
    assert!(!message.contains('\u{7}'), "{message}");
    assert!(message.contains(r"--key 'a b'\''$(x)�[2J'"), "{message}");
    let named = hold("\\u001b[31mroot");
    let refusal = GuardRefusal::NotHolder(NotHolder::NamesNone);
    let message = told(&refusal, "k", None, Some(&named));
    assert!(!message.contains('\u{1b}'), "{message}");
    assert!(message.contains("held by �[31mroot"), "{message}");
}
