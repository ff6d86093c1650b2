//! Applies that make a chain: what shows two holders at once, or a lost update.

/// Every apply replaces the one before it and says so in the log `$CHAIN`, shared by all clients. Serialised
/// applies make a chain; two holders at once, or a lost update, replace the same link twice.
pub const CHAIN: &str = r#"
variable "revision" { type = string }
resource "terraform_data" "link" {
  input            = var.revision
  triggers_replace = var.revision
  provisioner "local-exec" {
    command = "echo start ${self.input} >> $CHAIN; sleep 0.1; echo end ${self.input} >> $CHAIN"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo replace ${self.input} >> $CHAIN"
  }
}
"#;

/// How many links the chain has.
///
/// # Errors
/// Where it breaks.
pub fn verify_chain(log: &str) -> Result<u64, String> {
    let entries: Vec<_> = log.lines().collect();
    let mut current: Option<&str> = None;
    let mut links = 0;
    let mut rest = entries.as_slice();
    while !rest.is_empty() {
        if let Some(replaced) = current {
            let (line, after) = rest.split_first().ok_or("the log ends too early")?;
            if *line != format!("replace {replaced}") {
                return Err(format!("expected \"replace {replaced}\", found {line:?} in\n{log}"));
            }
            rest = after;
        }
        let [start, end, after @ ..] = rest else {
            return Err(format!("the log ends in the middle of an apply\n{log}"));
        };
        let link = start.strip_prefix("start ").ok_or(format!("{start:?} is no start\n{log}"))?;
        if *end != format!("end {link}") {
            return Err(format!("{end:?} follows {start:?}: two holders at once\n{log}"));
        }
        (current, links, rest) = (Some(link), links + 1, after);
    }
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::verify_chain;

    #[test]
    fn the_chain_check_finds_two_holders_and_lost_updates() {
        let good = "start a\nend a\nreplace a\nstart b\nend b\n";
        assert_eq!(verify_chain(good), Ok(2));
        let overlapping = "start a\nend a\nreplace a\nstart b\nreplace a\nend b\nstart c\nend c\n";
        assert!(verify_chain(overlapping).unwrap_err().contains("two holders"));
        let lost = "start a\nend a\nreplace a\nstart b\nend b\nreplace a\nstart c\nend c\n";
        assert!(verify_chain(lost).unwrap_err().contains("expected \"replace b\""));
    }
}
