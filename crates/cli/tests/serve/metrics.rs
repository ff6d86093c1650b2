//! Health, and the metrics that `docs/operations/serve.md` lists.

use crate::stage::Stage;

/// The operator's page, as a stranger reads it.
const PAGE: &str = include_str!("../../../../docs/operations/serve.md");

/// The names in the page's table, without their labels.
fn documented() -> Vec<&'static str> {
    PAGE.lines()
        .filter_map(|line| line.strip_prefix("| `statelock_")?.split(['`', '{']).next())
        .collect()
}

#[test]
fn health_answers_without_credentials() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.page("/_statelock/health"), "ok\n");
}

#[test]
fn the_metrics_are_those_that_are_documented() {
    let stage = Stage::start(&[]);
    stage.put("some/terraform.tfstate", "{}");
    stage.page("/_statelock/health");
    let page = stage.page("/_statelock/metrics");

    let documented = documented();
    assert!(documented.len() >= 4, "the table was not found: {documented:?}");
    for name in &documented {
        let line = format!("\nstatelock_{name}");
        assert!(page.contains(&line), "statelock_{name} is documented and missing in\n{page}");
    }
    let families = page.lines().filter_map(|line| line.strip_prefix("# TYPE statelock_"));
    for family in families.filter_map(|line| line.split(' ').next()) {
        let total = format!("{family}_total");
        let known = documented.iter().any(|name| *name == family || **name == total);
        assert!(known, "statelock_{family} is not documented");
    }
}

#[test]
fn metrics_count_and_name_no_state() {
    let stage = Stage::start(&[]);
    stage.put("secret-project/terraform.tfstate", "{}");
    stage.get("secret-project/none").expect_err("there is no such object");
    let page = stage.page("/_statelock/metrics");
    for line in [
        "statelock_requests_total{api=\"S3\",status=\"200\"} 1\n",
        "statelock_requests_total{api=\"S3\",status=\"404\"} 1\n",
        "statelock_request_duration_seconds_count{api=\"S3\"} 2\n",
        "statelock_connections_refused_total 0\n",
    ] {
        assert!(page.contains(line), "{line} is missing in\n{page}");
    }
    for name in ["secret-project", "tfstate"] {
        assert!(!page.contains(name), "{name} is shown in\n{page}");
    }
}
