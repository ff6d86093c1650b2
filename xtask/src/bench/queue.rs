//! `cargo xtask bench queue`: eight terraforms with two seconds of work each want one lock at once.
//!
//! On our server per kind of backend and mixed, and on moto for the kinds that it has. Sixteen seconds
//! of work cannot be done in less than sixteen seconds; everything above is waiting for nothing.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use statelock_testkit::moto::Moto;
use statelock_testkit::real_clients::terraform::{
    Backend, LOCK_TABLE, Running, Terraform, TerraformProject,
};

use super::load::Target;
use super::servers;
use crate::tidy::target_directory;

const CLIENTS: usize = 8;
const WORK: Duration = Duration::from_secs(2);
const BUCKET: &str = "tfstate";

/// Each client replaces what the one before it made, and says when it works.
const CONFIG: &str = r#"
variable "client" { type = string }
resource "terraform_data" "work" {
  input            = var.client
  triggers_replace = var.client
  provisioner "local-exec" {
    command = "echo ${self.input} >> $ORDER; sleep 2"
  }
}
"#;

/// Clients of the same kind, or of all kinds in turn.
#[derive(Clone, Copy)]
enum Fleet {
    Of(Backend),
    Mixed,
}

impl Fleet {
    fn name(self) -> String {
        match self {
            Self::Of(backend) => backend.to_string(),
            Self::Mixed => "mixed".to_owned(),
        }
    }

    fn backend(self, client: usize) -> Backend {
        match self {
            Self::Of(backend) => backend,
            Self::Mixed => Backend::ALL.into_iter().cycle().nth(client).unwrap_or(Backend::Dual),
        }
    }
}

/// A server and what its clients need to know of it.
struct Site {
    env: Vec<(String, String)>,
    directory: PathBuf,
}

struct Row {
    total: Duration,
    failed: usize,
    order: Vec<String>,
}

/// Runs the benchmark and prints its table.
pub(crate) fn run(root: &Path) -> Result<()> {
    let terraform = Terraform::find("bench queue").context("no terraform on the PATH")?;
    let directory = target_directory(root).join("bench/queue");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).context("could not empty the benchmark's directory")?;
    }
    std::fs::create_dir_all(&directory)?;
    let work = WORK * u32::try_from(CLIENTS)?;
    println!(
        "{CLIENTS} terraforms at once, {WORK:?} of work each, -lock-timeout=120s: {work:?} of work\n"
    );
    println!("server      backend       total s   of the work   failed   order of work");

    let server = servers::start_statelock(root, &directory.join("statelock"))?;
    let (name, secret) = server.credentials();
    let mut env = server.client_env();
    env.extend(
        [("TF_HTTP_USERNAME", name), ("TF_HTTP_PASSWORD", secret)]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let ours = Site { env, directory: directory.clone() };
    for fleet in Backend::ALL.map(Fleet::Of).into_iter().chain([Fleet::Mixed]) {
        print("statelock", fleet, &measure(&ours, &terraform, fleet)?, work);
    }
    drop(server);

    match Moto::start() {
        Ok(moto) => {
            let site = moto_site(moto.address(), &directory)?;
            for backend in [Backend::Lockfile, Backend::LockTable, Backend::Dual] {
                let fleet = Fleet::Of(backend);
                print("moto", fleet, &measure(&site, &terraform, fleet)?, work);
            }
        }
        Err(missing) => println!("\nmoto was not measured: {missing:#}"),
    }
    Ok(())
}

/// Starts all clients at the same moment and waits for the last.
fn measure(site: &Site, terraform: &Terraform, fleet: Fleet) -> Result<Row> {
    let key = format!("queue/{}.tfstate", fleet.name().replace(' ', "-"));
    let order = site.directory.join("order");
    std::fs::write(&order, "")?;
    let projects: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let backend = fleet.backend(client);
            let mut project =
                TerraformProject::with_backend(backend, terraform, &site.env, BUCKET, &key, CONFIG);
            project.set_env("ORDER", &order.display().to_string());
            project.init();
            project
        })
        .collect();
    let began = Instant::now();
    let running: Vec<_> = projects
        .iter()
        .enumerate()
        .map(|(client, project)| {
            project.spawn_apply(&["-lock-timeout=120s", "-var", &format!("client={client}")])
        })
        .collect();
    let outputs: Vec<_> = running.into_iter().map(Running::wait).collect();
    let total = began.elapsed();
    let succeeded =
        |status: Option<std::process::ExitStatus>| status.is_some_and(|status| status.success());
    let failed = outputs.iter().filter(|output| !succeeded(output.status)).count();
    let order = std::fs::read_to_string(&order)?.lines().map(str::to_owned).collect();
    Ok(Row { total, failed, order })
}

fn print(server: &str, fleet: Fleet, row: &Row, work: Duration) {
    let total = row.total.as_secs_f64();
    let ratio = total / work.as_secs_f64();
    let (name, order) = (fleet.name(), row.order.join(" "));
    println!(
        "{server:<10}  {name:<12}  {total:>7.1}   {ratio:>10.2}×   {:>6}   {order}",
        row.failed
    );
}

/// moto with the bucket and the lock table that ours has after its first start.
fn moto_site(address: SocketAddr, directory: &Path) -> Result<Site> {
    Target::new(address, "bench", "bench").create_bucket()?;
    create_lock_table(address)?;
    let env = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ACCESS_KEY_ID", "bench".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Ok(Site { env, directory: directory.to_owned() })
}

/// moto checks no signature: only the service in it counts.
fn create_lock_table(address: SocketAddr) -> Result<()> {
    let body = format!(
        r#"{{"TableName":"{LOCK_TABLE}","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{{"AttributeName":"LockID","AttributeType":"S"}}],"KeySchema":[{{"AttributeName":"LockID","KeyType":"HASH"}}]}}"#
    );
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\
         x-amz-target: DynamoDB_20120810.CreateTable\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.split(' ').nth(1) == Some("200"), "moto made no lock table: {answer}");
    Ok(())
}
