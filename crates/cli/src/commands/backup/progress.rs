//! How far a copy or a check is, in words.

use statelock_server::backup::Progress;

pub(super) fn text(progress: Progress) -> String {
    match progress {
        Progress::Copying { done_bytes, total_bytes } => {
            format!("copying: {} of {} MiB", done_bytes >> 20, total_bytes >> 20)
        }
        Progress::Comparing => "computing the SHA-256 of the database".to_owned(),
        Progress::CheckingPages => "checking pages and records".to_owned(),
        Progress::CheckingAudit => "checking the audit log".to_owned(),
        Progress::CheckingBodies { bodies } => format!("checking bodies: {bodies}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_words() {
        let copying = Progress::Copying { done_bytes: 5 << 20, total_bytes: 12 << 20 };
        assert_eq!(text(copying), "copying: 5 of 12 MiB");
        assert_eq!(text(Progress::CheckingBodies { bodies: 7 }), "checking bodies: 7");
    }
}
