//! Prices are data, and what is assumed is said.

use serde_json::json;

use crate::stage::{LOCK_TABLE_BLOCK, Stage};

fn stage() -> Stage {
    Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)])
}

#[test]
fn a_price_file_replaces_the_prices() {
    let stage = stage();
    let price = json!({
        "object_writes_per_1000": 1.0, "object_reads_per_1000": 0.0, "table_writes_per_million": 1000.0,
        "table_reads_per_million": 0.0, "provisioned_write_unit_per_hour": 0.0, "provisioned_read_unit_per_hour": 0.0,
    });
    let list = json!({
        "as_of": "2026-11-01", "source": "our own contract", "currency": "EUR", "default_region": "x",
        "regions": { "x": price },
    });
    stage.write("prices.json", &list.to_string());
    let run = stage.scan(&["--json", "--price-file", "prices.json", "--runs-per-month", "10"]);
    run.ended(0, "");
    let document = run.json();
    // 10 applies: 2 writes of objects at 0.001 and 3 writes of the table at 0.001; then 3 of objects.
    assert_eq!(document["summary"]["monthly_cost_now"], json!(0.05));
    assert_eq!(document["summary"]["monthly_cost_then"], json!(0.03));
    assert_eq!(document["summary"]["currency"], "EUR");
    let assumptions = document["assumptions"].to_string();
    for said in ["10 times a month", "2026-11-01: our own contract", "prices of x are used"] {
        assert!(assumptions.contains(said), "{said}: {assumptions}");
    }
}

#[test]
fn a_price_file_that_cannot_be_used_is_refused_before_anything_is_shown() {
    let stage = stage();
    stage.write("prices.json", "{\n  \"as_of\": 5\n}");
    let run = stage.scan(&["--price-file", "prices.json"]);
    run.ended(2, "error: the price file `prices.json` cannot be used: invalid type")
        .ended(2, "line 2");
    assert_eq!(run.stdout, "");
    stage
        .scan(&["--price-file", "gone.json"])
        .ended(2, "could not read the price file `gone.json`");
}
