//! Test support for every crate of the workspace; never published.
//!
//! - [`reference_store`]: an object store and lock tables in the most obvious code, the oracle;
//! - [`explorer`]: every history of a few clients and one lock, up to a bound of faults;
//! - [`history`]: what clients did and were told, and whether one lock for each state explains it;
//! - [`contract`]: the suite that every implementer of the contract runs;
//! - [`server_process`]: starts the built `statelock` binary on a free port, kills and restarts it;
//! - [`fake_store`]: a store that lists big buckets, and refuses at will;
//! - [`store_server`]: that, or moto, with a bucket and a lock table;
//! - [`peers`]: servers of S3 and DynamoDB that nobody here wrote, started and stopped;
//! - [`sigv4`], [`signed_client`]: signed requests, byte for byte;
//! - [`fault_proxy`]: a TCP proxy that loses chosen answers;
//! - [`tls_front`]: TLS in front of a server;
//! - [`condition_proxy`]: a proxy that breaks one thing of a correct store;
//! - [`moto`]: a server of S3 and DynamoDB that is not ours;
//! - [`real_clients`]: drivers for terraform, aws, boto3 and other programs that nobody here wrote;
//! - [`torture`]: clients that hammer a server while it is killed, and note a history;
//! - [`skip`]: how a test says that it could not run, and why.

pub mod command;
pub mod condition_proxy;
pub mod contract;
pub mod explorer;
pub mod fake_store;
pub mod fault_proxy;
pub mod history;
pub mod moto;
pub mod nobody;
pub mod peers;
pub mod real_clients;
pub mod reference_store;
pub mod server_process;
pub mod signed_client;
pub mod sigv4;
pub mod skip;
pub mod store_server;
pub mod tls_front;
pub mod torture;
