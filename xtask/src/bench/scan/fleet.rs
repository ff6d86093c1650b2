//! A repository with many root modules, in the styles in which people write them.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// How many root modules share a directory.
const PER_TEAM: usize = 40;
const STYLES: usize = 5;

/// Resources, as every root module has them besides its backend.
const RESOURCES: &str = r#"resource "aws_sqs_queue" "jobs" {
  name                       = "${var.name}-jobs"
  visibility_timeout_seconds = 60
  message_retention_seconds  = 1209600
  tags                       = local.tags
}

resource "aws_cloudwatch_metric_alarm" "age" {
  alarm_name          = "${var.name}-age"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  metric_name         = "ApproximateAgeOfOldestMessage"
  namespace           = "AWS/SQS"
  period              = 60
  statistic           = "Maximum"
  threshold           = 300
  dimensions = {
    QueueName = aws_sqs_queue.jobs.name
  }
}

data "aws_iam_policy_document" "send" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.jobs.arn]
  }
}
"#;

const VARIABLES: &str = r#"variable "name" {
  type = string
}

locals {
  tags = { service = var.name }
}
"#;

const TERRAGRUNT: &str = r#"remote_state {
  backend = "s3"
  config = {
    bucket         = "acme-terraform-state"
    key            = "${path_relative_to_include()}/terraform.tfstate"
    region         = "eu-west-1"
    encrypt        = true
    dynamodb_table = "terraform-locks"
  }
}
"#;

/// Writes the repository and tells how many files it has.
pub(super) fn write(root: &Path, modules: usize) -> Result<usize> {
    fs::create_dir_all(root.join(".git"))?;
    fs::write(root.join(".gitignore"), ".terraform/\n*.tfstate\n")?;
    let mut files = 1;
    for number in 0..modules {
        let team = format!("team{}", number / PER_TEAM);
        let directory = root.join(&team).join(format!("service{number}"));
        fs::create_dir_all(&directory)?;
        if number % PER_TEAM == 0 {
            fs::write(root.join(&team).join("root.hcl"), TERRAGRUNT)?;
            files += 1;
        }
        for (name, text) in module(number) {
            let path = directory.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, text)?;
            files += 1;
        }
    }
    Ok(files)
}

fn module(number: usize) -> Vec<(&'static str, String)> {
    let mut files = vec![
        ("main.tf", RESOURCES.to_owned()),
        ("variables.tf", VARIABLES.to_owned()),
        (
            "versions.tf",
            format!("terraform {{\n  required_version = \">= 1.{}.0\"\n}}\n", 3 + number % 10),
        ),
    ];
    let arguments = format!(
        "bucket         = \"acme-terraform-state\"\nkey            = \"service{number}/terraform.tfstate\"\n\
         region         = \"eu-west-1\"\ndynamodb_table = \"terraform-locks\"\n"
    );
    let block = |arguments: &str| {
        let lines: Vec<_> = arguments.lines().map(|line| format!("    {line}")).collect();
        format!("terraform {{\n  backend \"s3\" {{\n{}\n  }}\n}}\n", lines.join("\n"))
    };
    match number % STYLES {
        0 => files.push(("backend.tf", block(&arguments))),
        1 => {
            files.push(("backend.tf", "terraform {\n  backend \"s3\" {}\n}\n".to_owned()));
            files.push(("backends/dev.tfbackend", arguments.clone()));
            files.push(("backends/prod.tfbackend", arguments));
        }
        2 => files.push((
            "backend.tf.json",
            format!(
                "{{\"terraform\": {{\"backend\": {{\"s3\": {{\"bucket\": \"acme-terraform-state\", \
                 \"key\": \"service{number}.tfstate\", \"dynamodb_table\": \"terraform-locks\"}}}}}}}}\n"
            ),
        )),
        3 => {
            files.push((
                "terragrunt.hcl",
                "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n".to_owned(),
            ));
        }
        _ => {
            files.push(("backend.tf", "terraform {\n  backend \"s3\" {}\n}\n".to_owned()));
            files.push((
                "init.sh",
                format!(
                    "#!/bin/sh\nterraform init -backend-config=bucket=acme-terraform-state \\\n  \
                     -backend-config=key=service{number}.tfstate -backend-config=dynamodb_table=terraform-locks\n"
                ),
            ));
        }
    }
    files
}
