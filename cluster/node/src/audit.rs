//! `trongdong audit`: carries the record of a cluster away, and checks what was carried away on a machine that has nothing else.

use std::{
    collections::BTreeMap,
    error::Error,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use domain::{
    AuditHead, Digest, GroupId,
    audit::{
        Frame, frames,
        verify::{Erased, Fault, Verdict, Verifier},
    },
    calendar::date_of,
};
use edge::limits::AUDIT_EXPORTED_MAX;
use serde_json::json;

use crate::client::{Client, Door};

mod show;

/// Parts of one group's chain; a longer one is an error, so that what goes on for ever ends.
const PARTS_MAX: usize = 1 << 20;

/// `trongdong audit`.
#[derive(Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Exports the record of all groups, a file each: group-0.audit and so on. That it was read stands in the record.
    Export {
        /// Folder to make.
        folder: PathBuf,
        /// Why it is read.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        door: Door,
    },
    /// Lists what an export tells, a line for each record: who, when, from where, what and why; a why that nobody gave is marked as
    /// derived. It does not say whether anything was changed: verify does.
    Show {
        /// Files of an export.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Verifies an export: that no record was changed, left out, doubled, moved, emptied or cut off. An end is under no key: who makes it
    /// anew is found by anchors, unless they change all groups' files alike or what is newer than the last anchor, and by --noted.
    Verify {
        /// Files of `POST /api/audit/export`, those of one group in their order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// `group:number:link`, as an earlier verification printed it and somebody kept it; as often as there are.
        #[arg(long = "noted", value_parser = noted)]
        noted: Vec<(GroupId, AuditHead)>,
        /// Of an export that was made before exports had ends: asks for none and looks at none. What was cut off is then found by
        /// --noted and anchors alone, and what was taken out and is said to be withheld not at all.
        #[arg(long)]
        without_ends: bool,
    },
}

/// What an export from before there were ends is verified with.
const OLDER: &str = "of an export that was made before exports had ends: --without-ends";

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
/// The cluster does not answer, a file that cannot be written or read, or what is wrong with the record.
pub async fn run(args: AuditArgs) -> Result<(), Box<dyn Error>> {
    match args.what {
        What::Export { folder, reason, door } => export(&door.open().await?, &folder, &reason).await,
        What::Show { files } => show_files(&files, &mut std::io::stdout()),
        What::Verify { files, noted, without_ends } => verify(&files, noted, without_ends),
    }
}

async fn export(client: &Client, folder: &Path, reason: &str) -> Result<(), Box<dyn Error>> {
    fs::create_dir(folder)
        .map_err(|error| format!("{}: {error}: name a folder that is not there", folder.display()))?;
    for group in GroupId::all() {
        let path = folder.join(format!("group-{group}.audit"));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let records = export_group(client, group, reason, &mut file).await?;
        file.sync_all()?;
        println!("{}: {records} records", path.display());
    }
    println!(
        "Copy the folder to a machine that is not in the cluster, and there: trongdong audit verify FOLDER/*.audit"
    );
    Ok(())
}

/// Writes the chain of a group; how many records there are.
async fn export_group(
    client: &Client,
    group: GroupId,
    reason: &str,
    file: &mut impl Write,
) -> Result<u64, Box<dyn Error>> {
    let (mut after, mut count) = (0, 0);
    for _ in 0..PARTS_MAX {
        let body = json!({ "group": group.0, "after": after, "reason": reason });
        let part = client.command_bytes("/api/audit/export", &body).await?.map_err(|refused| refused.message)?;
        let mut records = 0;
        for framed in frames(&part) {
            let framed = framed.map_err(|error| format!("group {group}: {error}"))?;
            if let Frame::Record(record) = framed.frame {
                after = record.link.number;
                records += 1;
            }
        }
        file.write_all(&part)?;
        count += u64::try_from(records)?;
        // What is recorded meanwhile makes the next export longer, not this one endless.
        if records < AUDIT_EXPORTED_MAX {
            return Ok(count);
        }
    }
    Err(format!("the record of group {group} does not end").into())
}

fn show_files(files: &[PathBuf], out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    for path in files {
        let file = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for framed in frames(&file) {
            let framed = framed.map_err(|error| format!("{}: {error}", path.display()))?;
            if let Frame::Record(record) = framed.frame {
                writeln!(out, "{}", show::line(&record))?;
            }
        }
    }
    Ok(())
}

fn verify(files: &[PathBuf], noted: Vec<(GroupId, AuditHead)>, without_ends: bool) -> Result<(), Box<dyn Error>> {
    let mut verifier = if without_ends { Verifier::without_ends() } else { Verifier::default() };
    for path in files {
        let file = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        // It names no group, so nothing would be missed of it; what is exported of a group without records has an end.
        if file.is_empty() && !without_ends {
            return Err(format!("{}: the file is empty: export it again, or {OLDER}", path.display()).into());
        }
        for framed in frames(&file) {
            let framed = framed.map_err(|error| format!("{}: {error}", path.display()))?;
            verifier.read(&framed).map_err(|fault| format!("{}: {fault}", path.display()))?;
        }
    }
    let noted = noted.into_iter().collect::<BTreeMap<_, _>>();
    let verdict = verifier.finish(&noted).map_err(|fault| match fault {
        Fault::Cut { .. } => format!("{fault}, or {OLDER}"),
        _ => fault.to_string(),
    })?;
    println!(
        "{} records, {} erased by rule, {} anchors: nothing is wrong",
        verdict.records, verdict.erased, verdict.anchors
    );
    for erased in &verdict.erasures {
        println!("{}", erased_line(erased));
    }
    if verdict.withheld > 0 {
        println!(
            "{} of them were withheld from whoever exported them, who may not see callers: their links are right, and what they hold \
             was not looked at; an administrator's export has them",
            verdict.withheld
        );
    }
    if let Some(line) = unnoted_line(&verdict, &noted) {
        println!("{line}");
    }
    println!("Keep these where the cluster's people cannot reach, for --noted:");
    for (group, head) in &verdict.heads {
        println!("{group}:{}:{}", head.number, head.link);
    }
    Ok(())
}

/// What an auditor has to know of chains of which nobody noted a head; none: of each there was one.
fn unnoted_line(verdict: &Verdict, noted: &BTreeMap<GroupId, AuditHead>) -> Option<String> {
    let unnoted = verdict.heads.keys().filter(|group| !noted.contains_key(group));
    let unnoted: Vec<String> = unnoted.map(ToString::to_string).collect();
    (!unnoted.is_empty()).then(|| {
        format!(
            "without a noted head (groups {}) this does not tell whether somebody who had all these files cut them off, or made them \
             anew with their ends: give --noted what an earlier verification printed",
            unnoted.join(", ")
        )
    })
}

/// What an auditor reads of records without a payload: how many, by which rule, and when.
fn erased_line(erased: &Erased) -> String {
    let (year, month, day) = date_of(erased.day);
    let Erased { group, rule, records, .. } = erased;
    format!("group {group}: {records} records erased by rule {rule} on {year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_erased_is_said_with_its_rule_and_its_day() {
        let day = domain::calendar::day_of(domain::Millis(1_763_800_000_000));
        let erased = Erased { group: GroupId(0), rule: "3 (caller 30 d)".into(), day, records: 12 };
        assert_eq!(erased_line(&erased), "group 0: 12 records erased by rule 3 (caller 30 d) on 2025-11-22");
    }

    #[test]
    fn an_export_without_its_end_is_refused_and_says_what_one_of_before_takes() {
        let folder = std::env::temp_dir().join(format!("trongdong-audit-ends-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let (commitment, at_ms) = (Digest([7; 32]), domain::Millis(1));
        let group = GroupId(0);
        let mut link = domain::AuditLink { group, number: 1, index: 1, at_ms, commitment, link: Digest::default() };
        link.link = domain::audit::link(&Digest::default(), &link);
        let record = domain::AuditRecord { link, sealed: None, withheld: true };
        let file = |name: &str, bytes: Vec<u8>| {
            let path = folder.join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let whole = file("whole", domain::audit::part(group, 0, std::slice::from_ref(&record), false));
        let of_nothing = file("of-nothing", domain::audit::part(GroupId(1), 0, &[], false));
        verify(&[whole, of_nothing], Vec::new(), false).unwrap();
        let (older, empty) = (file("older", domain::audit::frame(&record)), file("empty", Vec::new()));
        for (path, what) in [(older, "without its end"), (empty, "is empty")] {
            let refused = verify(std::slice::from_ref(&path), Vec::new(), false).unwrap_err().to_string();
            assert!(refused.contains(what) && refused.contains("--without-ends"), "{refused}");
            verify(&[path], Vec::new(), true).unwrap();
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn chains_without_a_noted_head_are_named() {
        let head = AuditHead { number: 12, link: Digest([0xa5; 32]) };
        let heads: BTreeMap<_, _> = [(GroupId(0), head), (GroupId(3), head)].into();
        let verdict = Verdict { heads: heads.clone(), ..Verdict::default() };
        assert_eq!(unnoted_line(&verdict, &heads), None);
        let line = unnoted_line(&verdict, &[(GroupId(3), head)].into()).unwrap();
        assert!(line.contains("(groups 0)") && line.contains("--noted"), "{line}");
    }

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
