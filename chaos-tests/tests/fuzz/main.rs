//! Every parser that faces the network, under inputs that nobody would send in earnest. The targets are those of `targets`;
//! they get right inputs that are mutated without a look at what the code does, the same in each run, so that this is a
//! test like any other.
//!
//! `TRONGDONG_FUZZ_INPUTS` is how many inputs each target gets, `TRONGDONG_FUZZ_SECONDS` how long it gets them instead,
//! `TRONGDONG_FUZZ_TARGET` chooses one target, `TRONGDONG_FUZZ_SEED` other inputs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod mutate;
mod targets;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chaos_tests::random::Random;
use mutate::input;
use targets::{TARGETS, Target};

/// Inputs that each target gets when nothing else is said.
const INPUTS: u64 = 20_000;
/// An input that takes longer than this is found, as one that breaks a promise is. Long, because a machine under load may
/// give a thread nothing for a while.
const INPUT_TIME_MAX: Duration = Duration::from_secs(5);

/// How much a target is fed.
#[derive(Clone, Copy)]
enum Effort {
    Inputs(u64),
    Time(Duration),
}

/// What came of it.
struct Borne {
    inputs: u64,
    taken: u64,
    slowest: Duration,
    spent: Duration,
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is {value:?}: set it to a whole number")))
}

/// Inputs that once broke something, or that no code makes: `corpus/TARGET/*`.
fn kept(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new("tests/fuzz/corpus").join(target.name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Feeds one input. Says whether it was taken whole and how long it took.
fn feed(target: &Target, data: &[u8]) -> Result<(bool, Duration), String> {
    let start = Instant::now();
    let taken = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    let spent = start.elapsed();
    match taken {
        Ok(taken) if spent <= INPUT_TIME_MAX => Ok((taken, spent)),
        Ok(_) => Err(format!("takes {spent:?}; {}", put_aside(target, data))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
            Err(format!("{text}; {}", put_aside(target, data)))
        }
    }
}

fn put_aside(target: &Target, data: &[u8]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-found", target.name));
    let folder = format!("chaos-tests/tests/fuzz/corpus/{}", target.name);
    match fs::write(&path, data) {
        Ok(()) => format!("the input is {}: mend it, and keep the input in {folder}", path.display()),
        Err(error) => format!("the input could not be written ({error}): {}", data.escape_ascii()),
    }
}

fn bear(target: &Target, seed: u64, effort: Effort) -> Result<Borne, String> {
    let seeds = (target.seeds)();
    let kept = kept(target);
    let mut slowest = Duration::ZERO;
    let mut gets_in = false;
    for (number, data) in seeds.iter().chain(&kept).enumerate() {
        let (taken, spent) = feed(target, data)?;
        if !taken && number < seeds.len() {
            return Err(format!("seed {number} is not taken: make it right again ({})", data.escape_ascii()));
        }
        gets_in |= taken;
        slowest = slowest.max(spent);
    }
    if !gets_in {
        return Err("no input is taken: give it one that is right".to_owned());
    }
    let pool = [seeds, kept].concat();
    let mut random = Random::new(target.name.bytes().fold(seed, |seed, byte| seed.rotate_left(8) ^ u64::from(byte)));
    let (start, mut inputs, mut taken) = (Instant::now(), 0, 0);
    loop {
        let is_enough = match effort {
            Effort::Inputs(most) => inputs >= most,
            Effort::Time(most) => start.elapsed() >= most,
        };
        if is_enough {
            return Ok(Borne { inputs, taken, slowest, spent: start.elapsed() });
        }
        let (was_taken, spent) = feed(target, &input(&mut random, &pool, target.words))?;
        inputs += 1;
        taken += u64::from(was_taken);
        slowest = slowest.max(spent);
    }
}

#[test]
fn every_parser_bears_what_it_is_fed() {
    let effort = match number("TRONGDONG_FUZZ_SECONDS") {
        Some(seconds) => Effort::Time(Duration::from_secs(seconds)),
        None => Effort::Inputs(number("TRONGDONG_FUZZ_INPUTS").unwrap_or(INPUTS)),
    };
    let seed = number("TRONGDONG_FUZZ_SEED").unwrap_or_default();
    let only = env::var("TRONGDONG_FUZZ_TARGET").ok();
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|target| only.as_ref().is_none_or(|only| target.name == only)).collect();
    assert!(!chosen.is_empty(), "TRONGDONG_FUZZ_TARGET is {only:?}: no target has that name");
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match bear(target, seed, effort) {
                        Ok(Borne { inputs, taken, slowest, spent }) => println!(
                            "{:17} {inputs:>9} inputs, {:>3} % taken whole, slowest {slowest:>9.1?}, {spent:>7.1?}",
                            target.name,
                            100 * taken / inputs.max(1)
                        ),
                        Err(finding) => found.lock().unwrap().push(format!("{}: {finding}", target.name)),
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{} to mend:\n{}", found.len(), found.join("\n"));
}

#[test]
fn what_breaks_is_found() {
    let planted = Target {
        name: "planted",
        parsers: &[],
        run: |data| {
            assert!(!data.windows(3).any(|window| window == b"[!]"), "three bytes in a row");
            data.starts_with(b"[")
        },
        seeds: || vec![b"[?]".to_vec()],
        words: &["!"],
    };
    let finding = bear(&planted, 0, Effort::Inputs(INPUTS)).err().expect("blind mutation meets it");
    assert!(finding.contains("three bytes in a row") && finding.contains("planted-found"), "{finding}");
    let shut = Target { name: "shut", run: |_| false, ..planted };
    let finding = bear(&shut, 0, Effort::Inputs(1)).err().expect("a seed that is not taken is told");
    assert!(finding.contains("seed 0 is not taken"), "{finding}");
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let made = |seed| {
        let mut random = Random::new(seed);
        (0..100).map(|_| input(&mut random, &[b"abc".to_vec()], &["word"])).collect::<Vec<_>>()
    };
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
}

/// Where what comes over the network is read.
const READERS: &[&str] = &[
    "gateway/ingest",
    "gateway/edge",
    "gateway/district",
    "cluster/peer",
    "cluster/node",
    "actors/entity",
    "consensus/raft",
    "consensus/domain",
];

/// What a file calls that reads bytes.
const READS: &[&str] = &[
    "decode(",
    "decode::<",
    "json::from_slice(",
    "json::from_str(",
    "from_utf8(",
    "Packet::read(",
    "Message::<",
    "Query::",
    "parse_x509",
    "from_be_bytes(",
    ".try_get_",
];

/// Files that read bytes which a stranger does not choose.
const NOT_FROM_A_STRANGER: &[(&str, &str)] = &[
    ("cluster/node/src/audit/show.rs", "the auditor's own files; `audit_export` and `entry` feed what reads them"),
    ("cluster/node/src/backup/chunk.rs", "compared with its name's SHA-256 first, and fed anything by its own tests"),
    ("cluster/node/src/backup/manifest.rs", "compared with its SHA-256 first, and fed anything by its own tests"),
    ("cluster/node/src/client.rs", "a program asks the cluster that its user named"),
    ("cluster/node/src/client/publisher/line.rs", "a program hears the cluster that its user named"),
    ("cluster/node/src/config.rs", "the operator's own file"),
    ("cluster/node/src/erasure.rs", "rows of this node's own disk"),
    ("cluster/node/src/inbox.rs", "a drill's own nodes post to it"),
    ("cluster/node/src/init.rs", "the operator's own file"),
    (
        "cluster/node/src/models/folder.rs",
        "the operator's own files; `models::artifact` reads any bytes in its own tests",
    ),
    ("cluster/node/src/backup/audit.rs", "rows of files that were compared with their SHA-256 first"),
    ("cluster/node/src/models/shipped.rs", "bytes of the program itself"),
    ("cluster/node/src/oidc.rs", "the operator's own files"),
    ("cluster/node/src/placement.rs", "a digest, and what this node sealed"),
    ("cluster/node/src/train/read.rs", "the operator's own files"),
    ("cluster/node/src/train/registration.rs", "the operator's own file"),
    ("cluster/peer/src/authority.rs", "the authority's own file"),
    ("consensus/raft/src/backup/export.rs", "this node's own disk"),
    ("consensus/raft/src/inspect.rs", "what a node gave to its own disk, for who judges a simulation"),
    ("consensus/raft/src/lead.rs", "a number of four bytes and one of eight, from slices of that length"),
    ("consensus/raft/src/log.rs", "this node's own disk"),
    ("consensus/raft/src/digest.rs", "this node's own disk"),
    ("consensus/raft/src/tail.rs", "this node's own disk"),
    ("consensus/domain/src/chunk/fold.rs", "this node's own disk"),
    ("consensus/domain/src/series.rs", "this node's own disk"),
    ("gateway/district/src/front/kept.rs", "what this node kept, and the edge's own description"),
    ("gateway/district/src/shelf.rs", "what this node sealed"),
    ("gateway/edge/src/accounts.rs", "what this cluster sealed"),
    ("gateway/edge/src/api/call.rs", "a form in state, which was bounded and read as JSON when it came"),
    ("gateway/edge/src/api/audit.rs", "rows of this node's own disk"),
    ("gateway/edge/src/api/record.rs", "rows of this node's own disk"),
    ("gateway/edge/src/api/record/erased.rs", "rows of this node's own disk"),
    ("gateway/edge/src/api/room.rs", "rows of this node's own disk"),
    ("gateway/edge/src/api/timeline.rs", "rows of this node's own disk"),
    ("gateway/edge/src/api/replay/past.rs", "rows of this node's own disk"),
    ("gateway/edge/src/courier.rs", "rows of this node's own disk"),
    ("gateway/edge/src/device_cookie.rs", "what this cluster sealed: what it has not is never looked into"),
    ("actors/entity/src/notice/postman.rs", "rows of this node's own disk"),
    ("consensus/domain/src/rows/history.rs", "keys of this node's own disk"),
    ("gateway/edge/src/eido/published.rs", "for tests alone: a description that whoever runs them has put there"),
    ("gateway/edge/src/conveyance/serve.rs", "rows of this node's own disk; what comes is read by `message.rs`"),
    ("consensus/domain/src/apply/notice.rs", "an event that `apply` itself encoded"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "fuzzing.rs" && name != "generated.rs"
        {
            found.push(path);
        }
    }
}

/// Whether the product reads bytes in this text.
fn reads(text: &str) -> bool {
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut code = product.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.any(|line| READS.iter().any(|call| line.contains(call)))
}

#[test]
fn every_parser_has_a_target() {
    let root = Path::new("..");
    let covered: Vec<&str> = TARGETS.iter().flat_map(|target| target.parsers).copied().collect();
    let mut findings = Vec::new();
    for file in covered.iter().chain(NOT_FROM_A_STRANGER.iter().map(|(file, _)| file)) {
        if !root.join(file).is_file() {
            findings.push(format!("{file}: is not there any more: say where its reading went"));
        }
    }
    let mut files = Vec::new();
    READERS.iter().for_each(|folder| sources(&root.join(folder).join("src"), &mut files));
    let mut reading = 0;
    for path in files {
        let file = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        // Tests of a whole file, which the file that holds it leaves out of the product.
        let is_reading = file != "cluster/peer/src/hostile.rs" && reads(&fs::read_to_string(&path).unwrap());
        let is_excused = NOT_FROM_A_STRANGER.iter().any(|(excused, _)| *excused == file);
        reading += usize::from(is_reading);
        if is_reading && !is_excused && !covered.contains(&file.as_str()) {
            findings
                .push(format!("{file}: reads bytes and no target feeds it: add one in chaos-tests/tests/fuzz/targets"));
        }
        if is_excused && (!is_reading || covered.contains(&file.as_str())) {
            findings.push(format!("{file}: is excused for nothing: take it out of NOT_FROM_A_STRANGER"));
        }
    }
    assert!(reading > 20, "a walk over the sources finds those that read, not {reading}");
    assert!(findings.is_empty(), "{} to mend:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn a_parser_is_recognized() {
    assert!(reads("fn a(b: &[u8]) { let _ = Tell::decode(b); }"));
    assert!(!reads("fn a() {} // Tell::decode(b)\n#[cfg(test)]\nmod tests { fn b() { Tell::decode(b); } }"));
}
