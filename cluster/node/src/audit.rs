//! `trongdong audit`: checks an export of the record on a machine that has nothing else.

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf};

use clap::{Args, Subcommand};
use domain::{
    AuditHead, Digest, GroupId,
    audit::{frames, verify::Verifier},
};

/// `trongdong audit`.
#[derive(Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Verifies an export: that no record was changed, left out, doubled, moved or cut off.
    Verify {
        /// Files of `POST /api/audit/export`, those of one group in their order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// `group:number:link`, as an earlier verification printed it and somebody kept it; as often as there are.
        #[arg(long = "noted", value_parser = noted)]
        noted: Vec<(GroupId, AuditHead)>,
    },
}

fn noted(text: &str) -> Result<(GroupId, AuditHead), String> {
    let parts: Vec<&str> = text.split(':').collect();
    let [group, number, link] = parts.as_slice() else {
        return Err("write it as group:number:link".to_owned());
    };
    let group = group.parse().map_err(|_| "a group is a number from 0".to_owned())?;
    let number = number.parse().map_err(|_| "a record has a number from 1".to_owned())?;
    let link = Digest::try_from((*link).to_owned()).map_err(|error| error.to_string())?;
    Ok((GroupId(group), AuditHead { number, link }))
}

/// Runs `trongdong audit`.
///
/// # Errors
/// A file that cannot be read, or what is wrong with the record.
pub fn run(args: AuditArgs) -> Result<(), Box<dyn Error>> {
    let What::Verify { files, noted } = args.what;
    let mut verifier = Verifier::default();
    for path in &files {
        let file = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for record in frames(&file) {
            let record = record.map_err(|error| format!("{}: {error}", path.display()))?;
            verifier.take(&record).map_err(|fault| format!("{}: {fault}", path.display()))?;
        }
    }
    let verdict = verifier.finish(&noted.into_iter().collect::<BTreeMap<_, _>>())?;
    println!(
        "{} records, {} erased by rule, {} anchors: nothing is wrong",
        verdict.records, verdict.erased, verdict.anchors
    );
    if verdict.withheld > 0 {
        println!(
            "{} of them were withheld from whoever exported them, who may not see callers: their links are right, and what they hold \
             was not looked at; an administrator's export has them",
            verdict.withheld
        );
    }
    println!("Keep these where the cluster's people cannot reach, for --noted:");
    for (group, head) in &verdict.heads {
        println!("{group}:{}:{}", head.number, head.link);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_is_read_as_it_was_printed() {
        let head = AuditHead { number: 12, link: Digest([0xa5; 32]) };
        let printed = format!("{}:{}:{}", GroupId(3), head.number, head.link);
        assert_eq!(noted(&printed), Ok((GroupId(3), head)));
        for wrong in ["", "3", "3:12", "x:12:00", "3:x:00", "3:12:00"] {
            assert!(noted(wrong).is_err(), "{wrong}");
        }
    }
}
