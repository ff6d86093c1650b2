//! The audit log, as administrators read it.

use http::{Response, StatusCode};
use s3s::Body;
use serde::Serialize;

use super::Call;
use super::answer::{self, AdminError};
use super::request::{Query, refused};
use crate::engine::{AuditFilter, AuditFlaw, AuditOrder, AuditQuery, Engine};
use crate::records::{AuditHead, AuditRecord};

/// The version of these documents; members are added without a new one.
const SCHEMA: u32 = 1;
const LIMIT_DEFAULT: u64 = 100;
const LIMIT_MAX: u64 = 1000;

#[derive(Serialize)]
struct Page {
    schema: u32,
    records: Vec<AuditRecord>,
    next: Option<u64>,
    head: AuditHead,
}

#[derive(Serialize)]
struct Verification {
    schema: u32,
    intact: bool,
    first_bad: Option<FirstBad>,
    head: AuditHead,
}

#[derive(Serialize)]
struct FirstBad {
    number: u64,
    message: String,
}

/// `GET audit`: records, a page at a time.
pub(super) async fn page(engine: &Engine, call: Call) -> Result<Response<Body>, AdminError> {
    let page = engine.audit_page(audit_query(call.query)?).await?;
    let (records, next, head) = (page.records, page.next, page.head);
    Ok(answer::json(StatusCode::OK, &Page { schema: SCHEMA, records, next, head }))
}

/// `GET audit/verify`: whether the whole log is as it was written.
pub(super) async fn verify(engine: &Engine, call: Call) -> Result<Response<Body>, AdminError> {
    call.query.finish()?;
    let verification = engine.verify_audit().await?;
    if let Some(AuditFlaw { number, kind }) = &verification.flaw {
        tracing::error!(number, %kind, "the audit log is not as it was written");
    }
    let first_bad = verification
        .flaw
        .map(|flaw| FirstBad { number: flaw.number, message: flaw.kind.to_string() });
    let document = Verification {
        schema: SCHEMA,
        intact: first_bad.is_none(),
        first_bad,
        head: verification.head,
    };
    Ok(answer::json(StatusCode::OK, &document))
}

fn audit_query(mut query: Query) -> Result<AuditQuery, AdminError> {
    let order = match query.text("order").as_deref() {
        None | Some("oldest") => AuditOrder::OldestFirst,
        Some("newest") => AuditOrder::NewestFirst,
        Some(_) => return Err(refused("order", "is neither `oldest` nor `newest`")),
    };
    let limit = query.number("limit")?.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused("limit", "is not between 1 and 1000"));
    }
    let from = query.number("from")?;
    let filter = AuditFilter {
        bucket: query.text("bucket"),
        key: query.text("key"),
        lock_id: query.text("lock_id"),
        since_micros: query.number("since_micros")?,
    };
    query.finish()?;
    // No page has more than a thousand.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(AuditQuery { from, limit, order, filter })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Result<AuditQuery, AdminError> {
        audit_query(Query::parse(query)?)
    }

    #[test]
    fn a_query_says_which_records_are_wanted() {
        let query = parsed(
            "bucket=b&key=a%2Fb.tfstate&lock_id=x&since_micros=7&from=9&limit=1000&order=newest",
        );
        let filter = AuditFilter {
            bucket: Some("b".to_owned()),
            key: Some("a/b.tfstate".to_owned()),
            lock_id: Some("x".to_owned()),
            since_micros: Some(7),
        };
        let order = AuditOrder::NewestFirst;
        assert_eq!(query.unwrap(), AuditQuery { from: Some(9), limit: 1000, order, filter });
        let (order, filter) = (AuditOrder::OldestFirst, AuditFilter::default());
        assert_eq!(parsed("").unwrap(), AuditQuery { from: None, limit: 100, order, filter });
    }

    #[test]
    fn a_query_that_cannot_be_meant_is_refused() {
        for query in ["limit=0", "limit=1001", "order=up", "from=x", "lockid=x", "since_micros=1h"]
        {
            assert!(parsed(query).is_err(), "{query}");
        }
    }
}
