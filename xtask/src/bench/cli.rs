//! `cargo xtask bench cli`: what a verb of the command line costs, beside terraform and the AWS CLI.
//!
//! Requests, wall time, CPU time and peak memory of one command, on one server, for states of several
//! sizes. A figure is the median of several runs; requests are counted in a run of their own, through
//! a proxy. Terraform has no command that only shows or only takes a lock: `state pull` and `plan` of
//! nothing are the cheapest that do.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::real_clients::terraform::{Backend, Terraform, TerraformProject};
use statelock_testkit::server_process::ServerProcess;
use wait4::Wait4 as _;

use super::servers;
use crate::tidy::target_directory;

const BUCKET: &str = "tfstate";
const LOCK_CYCLE: &str = "lock + unlock";
const SMALLEST: usize = 10 << 10;
/// The sizes of states, with how often a command is run on each.
const SIZES: [(&str, usize, usize); 4] = [
    ("10 KB", SMALLEST, 9),
    ("1 MB", 1 << 20, 7),
    ("20 MB", 20 << 20, 3),
    ("100 MB", 100 << 20, 3),
];
const LINEAGE: &str = "6b0d3f5c-7f0a-4f4e-9d6b-0a5d4b9b7c11";

/// One job, and the shell command with which each tool does it. `$PUSHED` is a state whose serial is
/// larger than any before; `$KEY` is the state's key.
struct Job {
    name: &'static str,
    statelock: &'static str,
    terraform: &'static str,
    aws: &'static str,
}

const JOBS: [Job; 4] = [
    Job {
        name: "status",
        statelock: "statelock status --json",
        terraform: "terraform state pull",
        aws: "aws s3api head-object --bucket tfstate --key $KEY",
    },
    Job {
        name: LOCK_CYCLE,
        statelock: "id=$(statelock lock) && statelock unlock $id",
        terraform: "terraform plan -no-color",
        aws: "aws s3api put-object --bucket tfstate --key $KEY.tflock --if-none-match '*' && \
              aws s3api delete-object --bucket tfstate --key $KEY.tflock",
    },
    Job {
        name: "state pull",
        statelock: "statelock state pull",
        terraform: "terraform state pull",
        aws: "aws s3 cp --quiet s3://tfstate/$KEY -",
    },
    Job {
        name: "state push",
        statelock: "statelock state push $PUSHED",
        terraform: "terraform state push -force $PUSHED",
        aws: "aws s3 cp --quiet $PUSHED s3://tfstate/$KEY",
    },
];

/// What one command costs.
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

/// A state on the server, and the programs that work on it.
struct Site<'a> {
    server: &'a ServerProcess,
    project: TerraformProject,
    /// The directory of our own binary.
    programs: PathBuf,
    key: String,
    size: usize,
    serial: u64,
}

/// Runs the benchmark and prints its table.
pub(crate) fn run(root: &Path) -> Result<()> {
    let terraform = Terraform::find("bench cli").context("no terraform on the PATH")?;
    let directory = target_directory(root).join("bench/cli");
    if directory.exists() {
        fs::remove_dir_all(&directory).context("could not empty the benchmark's directory")?;
    }
    fs::create_dir_all(&directory)?;
    let server = servers::start_statelock(root, &directory.join("statelock"))?;
    println!("state    job             tool        requests    wall ms     CPU ms   peak MiB");
    for (size_name, size, runs) in SIZES {
        let key = format!("bench/{size}.tfstate");
        let env = server.client_env();
        let project =
            TerraformProject::with_backend(Backend::Lockfile, &terraform, &env, BUCKET, &key, "");
        project.init().succeeded();
        let programs = target_directory(root).join("release");
        let mut site = Site { server: &server, project, programs, key, size, serial: 0 };
        site.run(&server.endpoint(), "statelock state push $PUSHED")?;
        // A lock costs the same whatever is locked, and Terraform plans the whole state to take one.
        let jobs = JOBS.iter().filter(|job| job.name != LOCK_CYCLE || size == SMALLEST);
        for job in jobs {
            let tools =
                [("statelock", job.statelock), ("terraform", job.terraform), ("aws", job.aws)];
            for (tool, command) in tools {
                match site.measure(command, runs) {
                    Ok((cost, requests)) => print(size_name, (job.name, tool), &cost, requests),
                    Err(error) => println!("{size_name:<8} {:<15} {tool}: {error:#}", job.name),
                }
            }
        }
    }
    Ok(())
}

fn print(size: &str, (job, tool): (&str, &str), cost: &Cost, requests: usize) {
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let mib = cost.peak_bytes >> 20;
    println!(
        "{size:<8} {job:<15} {tool:<10} {requests:>9} {:>10.1} {:>10.1} {mib:>10}",
        millis(cost.wall),
        millis(cost.cpu)
    );
}

impl Site<'_> {
    /// The median of several runs, and the requests of one more.
    fn measure(&mut self, command: &str, runs: usize) -> Result<(Cost, usize)> {
        let proxy = FaultProxy::start(self.server.address());
        self.run(&proxy.endpoint(), command)?;
        let requests = proxy.requests().len();
        let endpoint = self.server.endpoint();
        let costs: Result<Vec<_>> = (0..runs).map(|_| self.run(&endpoint, command)).collect();
        let costs = costs?;
        let wall = median(costs.iter().map(|cost| cost.wall));
        let cpu = median(costs.iter().map(|cost| cost.cpu));
        let peak_bytes = median(costs.iter().map(|cost| cost.peak_bytes));
        Ok((Cost { wall, cpu, peak_bytes }, requests))
    }

    fn run(&mut self, endpoint: &str, command: &str) -> Result<Cost> {
        let pushed = self.project.path().join("pushed.tfstate");
        if command.contains("$PUSHED") {
            self.serial += 1_000;
            fs::write(&pushed, state(self.size, self.serial))?;
        }
        let errors = self.project.path().join("stderr");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            std::iter::once(self.programs.clone()).chain(std::env::split_paths(&path)),
        )?;
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(self.project.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.project.path())
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("CHECKPOINT_DISABLE", "1")
            .env("KEY", &self.key)
            .env("PUSHED", &pushed)
            .envs(self.server.client_env_through(endpoint))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors)?);
        let started = Instant::now();
        let used = shell.spawn().context("no shell")?.wait4()?;
        let wall = started.elapsed();
        let said = fs::read_to_string(&errors).unwrap_or_default();
        ensure!(used.status.success(), "`{command}` failed: {}", said.trim());
        let cpu = used.rusage.utime + used.rusage.stime;
        Ok(Cost { wall, cpu, peak_bytes: used.rusage.maxrss })
    }
}

fn median<T: Ord + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// A state of about this size, as terraform writes it.
fn state(size: usize, serial: u64) -> String {
    let input = "0123456789abcdef".repeat(256);
    let instance = |number: usize| {
        format!(
            "        {{\n          \"index_key\": {number},\n          \"schema_version\": 0,\n          \
             \"attributes\": {{\n            \"id\": \"{number}\",\n            \"input\": {{ \"value\": \"{input}\", \"type\": \"string\" }},\n            \
             \"output\": {{ \"value\": \"{input}\", \"type\": \"string\" }},\n            \"triggers_replace\": null\n          }},\n          \
             \"sensitive_attributes\": []\n        }}"
        )
    };
    let count = (size / instance(0).len()).max(1);
    let instances: Vec<_> = (0..count).map(instance).collect();
    format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
         \"lineage\": \"{LINEAGE}\",\n  \"outputs\": {{}},\n  \"resources\": [\n    {{\n      \
         \"mode\": \"managed\",\n      \"type\": \"terraform_data\",\n      \"name\": \"unit\",\n      \
         \"provider\": \"provider[\\\"terraform.io/builtin/terraform\\\"]\",\n      \"instances\": [\n{}\n      ]\n    }}\n  ],\n  \
         \"check_results\": null\n}}\n",
        instances.join(",\n")
    )
}
