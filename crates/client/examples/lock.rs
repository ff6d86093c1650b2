//! Takes the lock of a state, does something, and gives the lock back.
//!
//! `cargo run --example lock -- BUCKET KEY`, with region, endpoint and credentials in the environment.

use std::time::Duration;

use statelock_client::{BackendSettings, Claim, StateBackend};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(bucket), Some(key)) = (arguments.next(), arguments.next()) else {
        return Err("name a bucket and a key".into());
    };
    let backend = StateBackend::connect(BackendSettings::lockfile(&bucket, &key)?).await?;
    let claim = Claim { operation: "example".into(), who: "me@here".into(), ..Claim::default() };
    let lock = backend.lock(&claim, Duration::from_mins(1), &mut |_| {}).await?;
    let held = lock.standing().await;
    let report = lock.release().await;
    if !report.is_gone() {
        return Err(format!("the lock {} could not be released", lock.id()).into());
    }
    drop(std::io::Write::write_all(&mut std::io::stdout(), format!("{held:?}\n").as_bytes()));
    Ok(())
}
