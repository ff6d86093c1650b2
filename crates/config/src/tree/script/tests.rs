//! Scripts and CI files in the forms in which people write them.

use super::*;

/// `LINE [DIRECTORY] OPTION, OPTION` for each init.
fn found(name: &str, text: &str) -> Vec<String> {
    let show = |command: InitCommand| {
        let options: Vec<_> = command
            .options
            .iter()
            .map(|option| match option {
                InitOption::File(path) => path.to_string(),
                InitOption::Argument { name, value } => format!("{name}={value}"),
            })
            .collect();
        let directory = command.directory.map_or(String::new(), |word| format!("[{word}] "));
        format!("{} {directory}{}", command.line, options.join(", "))
    };
    of(Path::new(name), text).into_iter().map(show).collect()
}

#[test]
fn words_of_shells() {
    for (text, expected) in [
        ("terraform init -backend-config=dev.hcl\n", "1 dev.hcl"),
        ("terraform init -backend-config dev.hcl -input=false", "1 dev.hcl"),
        ("tofu init --backend-config='key=a b'", "1 key=a b"),
        (
            "#!/bin/sh\nterraform init \\\n  -backend-config=\"bucket=b\" \\\n  -backend-config=\"key=k\"",
            "3 bucket=b, key=k",
        ),
        (
            "terraform init -backend-config=\"key=$APP/${ENV:-dev}.tfstate\"",
            "1 key=${APP}/${ENV:-dev}.tfstate",
        ),
        (
            "terraform init -backend-config=bucket=$(aws sts get-caller-identity | jq \".Account\")-state",
            "1 bucket=${aws sts get-caller-identity | jq \".Account\"}-state",
        ),
        ("terraform init -backend-config=key=`basename $PWD`", "1 key=${basename $PWD}"),
        ("terraform -chdir=infra init -backend-config=dev.hcl", "1 [infra] dev.hcl"),
        ("cd infra && terraform init -backend-config=dev.hcl", "1 [infra] dev.hcl"),
        (
            "cd infra || exit 1\ncd net\nterraform -chdir=../x init -backend-config=a",
            "3 [infra/net/../x] a",
        ),
        ("cd \"$(dirname \"$0\")\"\nterraform init -backend-config=../a", "2 [.] ../a"),
        (
            "cd \"$(dirname -- \"${BASH_SOURCE[0]}\")/../x\"\nterraform init -backend-config=a",
            "2 [./../x] a",
        ),
        ("cd ${0%/*} && terraform init -backend-config=a", "1 [.] a"),
        (
            "terraform -chdir=\"$(cd \"$(dirname \"$0\")\" && pwd)/net\" init -backend-config=a",
            "1 [./net] a",
        ),
        ("cd $(dirname \"$1\")\nterraform init -backend-config=a", "2 [${dirname \"$1\"}] a"),
        ("(cd infra; pwd)\nterraform init -backend-config=a.hcl", "2 a.hcl"),
        ("pushd x\npopd\nterraform init -backend-config=a.hcl", "3 a.hcl"),
        (
            "for e in dev prod; do\n  cd \"envs/$e\"\n  terraform init -backend-config=b.hcl\ndone",
            "3 [envs/${e}] b.hcl",
        ),
        ("if true; then terraform init -backend-config=b.hcl; fi", "1 b.hcl"),
        (
            "export TF_CLI_ARGS_init=\"-backend-config=a.hcl -backend-config='key=x y'\"",
            "1 a.hcl, key=x y",
        ),
        ("ARGS=(\n  -backend-config=bucket=b\n  -backend-config=key=k\n)", "2 bucket=b, key=k"),
        ("bash -c \"cd x && terraform init -backend-config=a.hcl\"", "1 [x] a.hcl"),
        ("terragrunt init --terragrunt-working-dir live -backend-config=a.hcl", "1 [live] a.hcl"),
    ] {
        assert_eq!(found("x.sh", text), [expected], "{text}");
    }
}

#[test]
fn what_is_no_init_is_none() {
    for text in [
        "# terraform init -backend-config=dev.hcl\n",
        "echo terraform init -backend-config=dev.hcl\n",
        "grep -r -- -backend-config=x .\n",
        "terraform init -backend-config\n",
        "terraform init -backend-config=\n",
        "terraform init -backend-configuration=x\n",
    ] {
        assert_eq!(found("x.sh", text), [""; 0], "{text}");
    }
}

#[test]
fn lines_of_make_just_and_docker_stand_alone() {
    let makefile = "ENV ?= dev\n\ninit:\n\t@cd infra && terraform init -backend-config=$(ENV).hcl\n\
                    other:\n\tterraform init \\\n\t\t-backend-config=\"key=$$APP\"\n";
    assert_eq!(found("Makefile", makefile), ["4 [infra] ${ENV}.hcl", "7 key=${APP}"]);
    let just = "init env:\n    terraform init -backend-config=env/{{ env }}.hcl\n";
    assert_eq!(found("justfile", just), ["2 env/${env}.hcl"]);
    let docker = "FROM x\nRUN terraform init -backend-config=a.hcl\n\
                  CMD [\"terraform\", \"init\", \"-backend-config=key=$KEY\"]\n";
    assert_eq!(found("Dockerfile", docker), ["2 a.hcl", "3 key=${KEY}"]);
}

#[test]
fn github() {
    let text = "name: x\non: [push]\ndefaults:\n  run:\n    working-directory: infra\njobs:\n  plan:\n    runs-on: ubuntu-latest\n    steps:\n      \
                - uses: actions/checkout@v4\n      - name: Init # the first\n        working-directory: envs/${{ matrix.env }}\n        run: terraform init -backend-config=\"bucket=${{ vars.BUCKET }}\"\n      \
                - name: Again\n        run: |\n          cd net\n          terraform init \\\n            -backend-config=dev.hcl\n      \
                - run: >-\n          terraform init\n          -backend-config=a.hcl\n          -backend-config=key=k\n      \
                - uses: dflook/terraform-plan@v1\n        with:\n          args: '-backend-config=x.hcl'\n";
    assert_eq!(
        found(".github/workflows/x.yml", text),
        [
            "13 [envs/${matrix.env}] bucket=${vars.BUCKET}",
            "18 [infra/net] dev.hcl",
            "21 [infra] a.hcl, key=k",
            "25 [infra] x.hcl",
        ]
    );
}

#[test]
fn gitlab() {
    let text = "variables:\n  TF_ROOT: ${CI_PROJECT_DIR}/infra\n\n.base: &base\n  before_script:\n    - cd ${TF_ROOT}\n    - terraform --version\n  script:\n    \
                - terraform init -backend-config=dev.hcl\n      -backend-config=\"key=$CI_PROJECT_NAME\"\n\nplan:\n  <<: *base\n  script:\n  - |\n    terraform init -backend-config=prod.hcl\n";
    assert_eq!(
        found(".gitlab-ci.yml", text),
        ["9 [${TF_ROOT}] dev.hcl, key=${CI_PROJECT_NAME}", "16 prod.hcl"]
    );
}

#[test]
fn lists_of_words() {
    let atlantis = "version: 3\nworkflows:\n  dev:\n    plan:\n      steps:\n      - init:\n          extra_args: [\"-backend-config=env/dev.hcl\", -lock=false]\n      - plan\n";
    assert_eq!(found("atlantis.yaml", atlantis), ["7 env/dev.hcl"]);
    let pod =
        "args:\n  - init\n  - -backend-config\n  - bucket=b\n  - \"-backend-config=key=$(KEY)\"\n";
    assert_eq!(found("job.yaml", pod), ["3 bucket=b, key=${KEY}"]);
    let task = "tasks:\n  init:\n    dir: infra\n    cmds:\n      - terraform init -backend-config={{.ENV}}.hcl\n      - cmd: terraform init -backend-config=b.hcl\n";
    assert_eq!(found("Taskfile.yml", task), ["5 [infra] ${.ENV}.hcl", "6 [infra] b.hcl"]);
    let azure = "steps:\n- task: TerraformCLI@2\n  inputs:\n    command: init\n    workingDirectory: infra\n    commandOptions: '-backend-config=azure.hcl'\n";
    assert_eq!(found("azure-pipelines.yml", azure), ["6 [infra] azure.hcl"]);
}

#[test]
fn quoted_texts() {
    let jenkins = "// sh 'terraform init -backend-config=no.hcl'\nstage('x') {\n  dir('infra') {\n    sh \"terraform init -backend-config=key=${env.APP}\"\n    \
                   sh '''\n      cd net\n      terraform init \\\n        -backend-config=a.hcl\n    '''\n  }\n}\n";
    assert_eq!(found("Jenkinsfile", jenkins), ["4 key=${env.APP}", "8 [net] a.hcl"]);
    let package = "{\n  \"scripts\": {\n    \"init\": \"terraform init -backend-config=\\\"key=k\\\"\"\n  }\n}\n";
    assert_eq!(found("package.json", package), ["3 key=k"]);
}

#[test]
fn nothing_is_too_deep_or_too_long() {
    let deep = format!("{}x -backend-config=y\n", "- ".repeat(100_000));
    assert_eq!(found("x.yml", &deep), [""; 0]);
    for text in [
        "-backend-config=${",
        "-backend-config='",
        "-backend-config=\"$(",
        "a: [-backend-config=x,\n",
        "\"-backend-config",
    ] {
        for name in ["x.sh", "x.yml", "Jenkinsfile", "package.json", "Makefile"] {
            found(name, text);
        }
    }
}
