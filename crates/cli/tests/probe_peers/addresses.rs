//! A name with several addresses: each of them is asked.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use statelock_testkit::condition_proxy::{ConditionProxy, Fault};
use statelock_testkit::real_clients::terraform::LOCK_TABLE;
use statelock_testkit::skip::skip;

use super::probe::{Probed, probe};
use super::stage::{PLAIN, Stage};

/// Ports may be taken by others at another address.
const ATTEMPTS: usize = 8;

/// A correct server at 127.0.0.1, and the same one with a fault at another address and the same port.
fn stage(other: IpAddr, fault: Fault) -> io::Result<(Stage, ConditionProxy)> {
    let mut attempt = 0;
    loop {
        let stage = Stage::with(Fault::Nothing);
        let listen = SocketAddr::new(other, stage.proxy.address().port());
        attempt += 1;
        match stage.endpoint_on(listen, fault) {
            Ok(second) => return Ok((stage, second)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

fn probed(stage: &Stage, resolve: &str) -> Probed {
    probed_with(stage, resolve, &[])
}

fn probed_with(stage: &Stage, resolve: &str, more: &[&str]) -> Probed {
    let url = url(stage);
    let options = [&["--endpoint-url", &url, "--resolve", resolve], more].concat();
    probe(PLAIN, &options, &stage.server.client_env_through(&stage.proxy.endpoint()))
}

fn url(stage: &Stage) -> String {
    format!("http://store.test:{}", stage.proxy.address().port())
}

#[test]
fn a_fault_at_the_second_address_of_a_name_is_found_and_placed() {
    for other in [IpAddr::from(Ipv4Addr::new(127, 0, 0, 2)), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        let (stage, _second) = match stage(other, Fault::IfNoneMatchIgnored) {
            Ok(both) => both,
            Err(error) => {
                skip(&format!("probe: a second address, {other}"), &error.to_string());
                continue;
            }
        };
        let alone = probed(&stage, "store.test:127.0.0.1");
        alone.ended(0).left_nothing();
        assert_eq!(alone.broken(), []);
        let both = probed(&stage, &format!("store.test:127.0.0.1,{other}"));
        both.ended(10).left_nothing().assert(&[("put_if_absent", "ignored")]);
        let evidence = both.evidence("put_if_absent")["evidence"].to_string();
        let place = format!("taken, at {} ({other}): done", url(&stage));
        assert!(evidence.contains(&place), "{evidence}");
        let expected = serde_json::json!(["127.0.0.1", other.to_string()]);
        assert_eq!(both.endpoint()["addresses"], expected);
        assert_eq!(both.endpoint()["writers"], 32);
    }
}

#[test]
fn a_lock_table_is_tried_alone_at_each_address() {
    let other = IpAddr::from(Ipv4Addr::new(127, 0, 0, 2));
    let (stage, _second) = match stage(other, Fault::ItemConditionIgnored) {
        Ok(both) => both,
        Err(error) => {
            skip("probe: a lock table at a second address", &error.to_string());
            return;
        }
    };
    let both = format!("store.test:127.0.0.1,{other}");
    let table = |resolve: &str| probed_with(&stage, resolve, &["--dynamodb-table", LOCK_TABLE]);
    let alone = table("store.test:127.0.0.1");
    alone.ended(0).left_nothing().assert(&[("item_put_if_absent", "enforced")]);
    let both = table(&both);
    both.ended(10).left_nothing().assert(&[("item_put_if_absent", "ignored")]);
    assert_eq!((both.lockfile(), both.lock_table()), ("safe", "not_safe"));
    let evidence = both.evidence("item_put_if_absent");
    let place = format!("on a taken one, at {} ({other}): done", url(&stage));
    assert!(evidence["evidence"].to_string().contains(&place), "{evidence:#}");
    let steps = evidence["steps"].as_array().expect("steps").len();
    assert_eq!(steps, 4, "free and taken, at both: {evidence:#}");
}

#[test]
fn addresses_that_do_not_see_each_others_locks_are_racy() {
    let other = IpAddr::from(Ipv4Addr::new(127, 0, 0, 2));
    let (first, fault) = (IpAddr::from(Ipv4Addr::LOCALHOST), Fault::LockedPerEndpoint);
    let stage = Stage::with(fault);
    let listen = SocketAddr::new(other, stage.proxy.address().port());
    let _second = match stage.endpoint_on(listen, fault) {
        Ok(second) => second,
        Err(error) => {
            skip("probe: addresses that do not see each other", &error.to_string());
            return;
        }
    };
    let alone = probed(&stage, &format!("store.test:{first}"));
    assert_eq!(alone.lockfile(), "safe", "{:?}", alone.broken());
    let both = probed(&stage, &format!("store.test:{first},{other}"));
    both.ended(10)
        .left_nothing()
        .assert(&[("put_if_absent", "enforced"), ("put_if_absent_concurrent", "racy")]);
}
