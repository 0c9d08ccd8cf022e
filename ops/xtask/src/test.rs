//! `cargo xtask test`: everything that has to hold, in the order in which a mistake costs least to find. It looks and
//! never writes sources; `cargo xtask fmt` and `cargo xtask codegen` do.

use std::{
    fs,
    net::TcpListener,
    ops::Range,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    context::{self, Context},
    times,
    tools::{self, Use},
    web,
};

/// Shards of the browser tests: one for each core of a small machine.
const E2E_SHARDS: usize = 2;
/// Where the ports of their fake nodes are looked for: below those that the system gives to outgoing connections, and above that of
/// `npm run fake`. Whoever works in another clone may have some of them.
const E2E_PORTS: Range<u16> = 4181..4281;
/// In the build folder: what the steps said that ran beside another.
const BESIDE: &str = "test-beside.log";

/// What became of a step.
enum Done {
    Passed,
    /// It could not run here, and why.
    Skipped(String),
}

/// One check.
struct Step {
    /// What `--only` and `--skip` call it.
    name: &'static str,
    needs: &'static [Use],
    /// It runs beside the step that is behind all such, and what it says is told at its end: it waits more than it computes.
    is_beside: bool,
    run: fn(&Context) -> Result<Done, String>,
    /// What to do when it fails.
    remedy: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        needs: &[],
        is_beside: false,
        run: |context| passed(context.cargo(&["fmt", "--all", "--check"])),
        remedy: "run `cargo xtask fmt`",
    },
    Step {
        name: "tidy",
        needs: &[],
        is_beside: false,
        run: |context| {
            let mut tidy = context.cargo(&["test", "--locked", "--quiet", "--package", "xtask", "--no-fail-fast"]);
            // Its findings are the message; where the assertion stands helps nobody.
            tidy.env("RUST_BACKTRACE", "0");
            passed(tidy)
        },
        remedy: "each line above names the file, the line and the remedy",
    },
    Step {
        name: "web-install",
        needs: &[Use::Screens],
        is_beside: false,
        run: |context| web::install(context).map(|()| Done::Passed),
        remedy: "web/package-lock.json must agree with web/package.json: run `npm install` in web",
    },
    Step {
        name: "web-build",
        needs: &[Use::Screens],
        is_beside: false,
        // Only when a source is newer: the program carries the screens, and would be built again with them.
        run: |context| web::install(context).and_then(|()| web::build_if_stale(context)).map(|()| Done::Passed),
        remedy: "run it again in web: `npm run build`",
    },
    Step {
        name: "deny",
        needs: &[],
        is_beside: true,
        run: deny,
        remedy: "deny.toml says who may come in and why; a crate that is let in takes a reason there",
    },
    Step {
        name: "web-codegen",
        needs: &[Use::Screens],
        is_beside: true,
        run: |context| npm(context, "codegen:check"),
        remedy: "run `cargo xtask codegen` and commit what it wrote",
    },
    Step {
        name: "web-unit",
        needs: &[Use::Screens],
        is_beside: true,
        run: |context| npm(context, "test"),
        remedy: "run it again in web: `npm test`",
    },
    Step { name: "map", needs: &[], is_beside: true, run: map, remedy: "ops/map/README.md says how the map is built" },
    // Nothing is played while this computes: the steps before it run beside it.
    Step {
        name: "rust-build",
        needs: &[Use::Build],
        is_beside: false,
        run: |context| passed(build_tests(context)),
        remedy: "mend what the compiler names",
    },
    // After `web-build`, because the program carries the screens. One cargo for all crates: another selection could
    // change the features that RocksDB's build sees, and build it anew. xtask has no dependencies, so leaving out what
    // `tidy` ran changes nothing.
    Step {
        name: "rust",
        needs: &[Use::Build, Use::Peers, Use::Cameras],
        is_beside: false,
        run: |context| passed(context.cargo(&["test", "--locked", "--workspace", "--exclude", "xtask"])),
        remedy: "run the one test again: `cargo test --package CRATE NAME` with CARGO_TARGET_DIR as said above",
    },
    // The mistakes are compiled into `domain`, `raft` and `agree` alone, and into no program: the same selection of crates, so that
    // nothing else is built again.
    Step {
        name: "mistakes",
        needs: &[Use::Build],
        is_beside: false,
        run: |context| {
            let features = ["--features", "agree/seeded-bugs", "--test", "mistakes"];
            let selection = ["test", "--locked", "--workspace", "--exclude", "xtask"];
            passed(context.cargo(&[&selection[..], &features[..]].concat()))
        },
        remedy: "a judge sleeps: `cargo run --package agree --features seeded-bugs -- --bug NAME` plays the mistake that it names",
    },
    Step {
        name: "web-e2e",
        needs: &[Use::Screens, Use::Browser],
        is_beside: false,
        run: e2e,
        remedy: "run it again in web: `npm run e2e`",
    },
    Step {
        name: "web-real",
        needs: &[Use::Build, Use::Screens, Use::Browser, Use::Peers],
        is_beside: false,
        run: |context| real(context, "e2e:real"),
        remedy: "run it again in web: `npm run e2e:real` with CARGO_TARGET_DIR as said above; pictures are in web/test-results/real",
    },
    Step {
        name: "web-chains",
        needs: &[Use::Build, Use::Screens, Use::Browser, Use::Peers],
        is_beside: false,
        run: |context| real(context, "e2e:chains"),
        remedy: "run the one chain again in web: `npm run e2e:chains -- call` (or alarm, citizen, draft, drill, handover, oidc, warning) \
                 with CARGO_TARGET_DIR as said above; the pictures, consoles and nodes' logs of a failure are in web/test-results/chains",
    },
    // The demonstration with everything that moves in it, by `cargo xtask up` itself, which builds what it starts: the same
    // selection without what only tests need, so our own crates are built once more for it, and RocksDB is not.
    Step {
        name: "web-readme",
        needs: &[Use::Build, Use::Screens, Use::Browser, Use::Cameras],
        is_beside: false,
        run: |context| npm(context, "e2e:readme"),
        remedy: "run it again in web: `npm run e2e:readme` with CARGO_TARGET_DIR as said above; README.md's first hour and \
                 web/e2e-real/readme.real.ts have to say the same; pictures, consoles and nodes' logs are in web/test-results/readme",
    },
    Step {
        name: "clippy",
        needs: &[Use::Build],
        is_beside: false,
        run: |context| {
            passed(context.cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        },
        remedy: "mend what it names; where it is wrong, `#[allow(..., reason = \"...\")]` on the smallest item",
    },
];

fn passed(command: Command) -> Result<Done, String> {
    context::run(command).map(|()| Done::Passed)
}

fn npm(context: &Context, script: &str) -> Result<Done, String> {
    web::install(context)?;
    passed(context.npm(&["run", script]))
}

/// Builds all tests and the programs that they start.
fn build_tests(context: &Context) -> Command {
    context.cargo(&["test", "--locked", "--workspace", "--exclude", "xtask", "--no-run"])
}

/// The browser tests in shards beside each other, each with a fake node of its own: they wait more than they compute.
fn e2e(context: &Context) -> Result<Done, String> {
    web::install(context)?;
    let ports = free_ports(E2E_PORTS, E2E_SHARDS)?;
    let shard = |(at, port): (usize, u16)| {
        let mut npm = context.npm(&["run", "e2e", "--", &format!("--shard={at}/{E2E_SHARDS}")]);
        npm.env("FAKE_PORT", port.to_string()).env("E2E_OUTPUT", format!("test-results/shard-{at}"));
        npm
    };
    context::run_beside((1..).zip(ports).map(shard).collect()).map(|()| Done::Passed)
}

/// Ports of loopback that nobody has; all are held until the last is chosen, so that none is given twice.
fn free_ports(among: Range<u16>, count: usize) -> Result<Vec<u16>, String> {
    let held = among.clone().filter_map(|port| Some((port, TcpListener::bind(("127.0.0.1", port)).ok()?)));
    let (ports, _held): (Vec<u16>, Vec<TcpListener>) = held.take(count).unzip();
    if ports.len() == count {
        Ok(ports)
    } else {
        Err(format!("of the ports {}..{} not {count} are free: end what listens there", among.start, among.end))
    }
}

/// Real screens against real nodes. Takes the program that the selection of `rust` builds: the same one, so nothing is
/// built where that step has passed.
fn real(context: &Context, script: &str) -> Result<Done, String> {
    web::install(context)?;
    web::build_if_stale(context)?;
    context::run(build_tests(context))?;
    let mut npm = context.npm(&["run", script]);
    npm.env("TRONGDONG_PROGRAM", context.target.join("debug/trongdong"));
    passed(npm)
}

fn deny(context: &Context) -> Result<Done, String> {
    if !context::succeeds(&mut context.cargo(&["deny", "--version"])) {
        return Ok(Done::Skipped("cargo-deny is not installed".to_owned()));
    }
    passed(context.cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
}

fn map(context: &Context) -> Result<Done, String> {
    let own = context.root.join(".data/map/bin/python");
    let python = if own.is_file() { own.to_string_lossy().into_owned() } else { "python3".to_owned() };
    let probe = "import shapely, numpy, vietnamadminunits";
    if !context::succeeds(&mut context.program(&python, "", &["-c", probe])) {
        return Ok(Done::Skipped("python3 has not what ops/map/requirements.txt names".to_owned()));
    }
    passed(context.program(&python, "", &["ops/map/test_map.py"]))
}

/// Runs the steps that `options` select.
pub(crate) fn run(context: &Context, options: &[String]) -> Result<(), String> {
    let steps = select(options)?;
    let mut needs = Vec::new();
    for need in steps.iter().flat_map(|step| step.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    tools::ensure(&needs)?;
    context.say_target();
    let (begun, start_all) = (times::begin(context), Instant::now());
    let mut report = Report::default();
    let mut left = steps.as_slice();
    while !left.is_empty() {
        let ended = play_next(context, left)?;
        left = left.get(ended.len()..).unwrap_or_default();
        let mut failed = None;
        for Ended { step, outcome, took } in ended {
            match outcome {
                Ok(Done::Passed) => report.passed(step.name, took),
                Ok(Done::Skipped(why)) => report.skipped(step.name, &why),
                Err(error) => {
                    report.failed(step.name, took);
                    failed.get_or_insert((step, error));
                }
            }
        }
        if let Some((step, error)) = failed {
            left.iter().for_each(|other| report.skipped(other.name, "not reached"));
            println!("\n{}", report.text());
            return Err(format!("{} failed: {error}\nTo do: {}", step.name, step.remedy));
        }
    }
    println!("\n{}", report.text());
    if steps.len() == STEPS.len() {
        times::passed(context, begun, start_all.elapsed())?;
    }
    Ok(())
}

/// What one step came to.
struct Ended<'a> {
    step: &'a Step,
    outcome: Result<Done, String>,
    took: Duration,
}

fn play<'a>(context: &Context, step: &'a Step) -> Ended<'a> {
    let start = Instant::now();
    Ended { step, outcome: (step.run)(context), took: start.elapsed() }
}

/// Runs the first of `steps`. Where some stand that run beside another, one after the other while that one runs. What they came to is in
/// their own order.
fn play_next<'a>(context: &Context, steps: &[&'a Step]) -> Result<Vec<Ended<'a>>, String> {
    let count = steps.iter().take_while(|step| step.is_beside).count();
    let (others, rest) = steps.split_at(count);
    let (Some(step), false) = (rest.first(), others.is_empty()) else {
        // Nothing to be beside of.
        let first = steps.iter().take(1);
        return Ok(first.inspect(|step| println!("\n== {}", step.name)).map(|step| play(context, step)).collect());
    };
    let names: Vec<_> = others.iter().map(|other| other.name).collect();
    println!("\n== {}, and beside it {}", step.name, names.join(", "));
    let path = context.target.join(BESIDE);
    fs::create_dir_all(&context.target).map_err(|error| format!("{}: {error}", context.target.display()))?;
    let quiet = context.beside(&path)?;
    let (ended, last) = thread::scope(|scope| {
        let beside = scope.spawn(|| others.iter().map(|other| play(&quiet, other)).collect::<Vec<_>>());
        let last = play(context, step);
        (beside.join(), last)
    });
    let mut ended = ended.map_err(|_| format!("one of {} could not be waited for", names.join(", ")))?;
    println!("\n== {}, as they said it\n{}", names.join(", "), fs::read_to_string(&path).unwrap_or_default());
    ended.push(last);
    Ok(ended)
}

/// The steps that `--only` and `--skip` leave, in their own order.
fn select(options: &[String]) -> Result<Vec<&'static Step>, String> {
    let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    let (mut only, mut skip) = (Vec::new(), Vec::new());
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let list = match option.as_str() {
            "--only" => &mut only,
            "--skip" => &mut skip,
            other => return Err(format!("`test` does not take `{other}`, only --only STEP and --skip STEP")),
        };
        let name = options.next().ok_or_else(|| format!("{option} takes a step: one of {}", names()))?;
        if !STEPS.iter().any(|step| step.name == name) {
            return Err(format!("`{name}` is not a step: one of {}", names()));
        }
        list.push(name.as_str());
    }
    let is_chosen = |step: &&Step| (only.is_empty() || only.contains(&step.name)) && !skip.contains(&step.name);
    Ok(STEPS.iter().filter(is_chosen).collect())
}

/// What is printed at the end.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    passed: u32,
    failed: u32,
}

impl Report {
    fn passed(&mut self, name: &str, took: Duration) {
        self.passed += 1;
        self.lines.push(format!("{name:12} passed {:8.1} s", took.as_secs_f64()));
    }

    fn failed(&mut self, name: &str, took: Duration) {
        self.failed += 1;
        self.lines.push(format!("{name:12} FAILED {:8.1} s", took.as_secs_f64()));
    }

    fn skipped(&mut self, name: &str, why: &str) {
        self.lines.push(format!("{name:12} skipped: {why}"));
    }

    /// One line a step, and the plain line at which machines and people look.
    fn text(&self) -> String {
        format!("{}\n{} passed, {} failed", self.lines.join("\n"), self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(options: &[&str]) -> Result<Vec<&'static str>, String> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        Ok(select(&options)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_keep_their_order_whatever_the_options_say() {
        assert_eq!(chosen(&["--only", "rust", "--only", "fmt"]), Ok(vec!["fmt", "rust"]));
        assert_eq!(chosen(&[]).map(|all| all.len()), Ok(STEPS.len()));
        assert!(!chosen(&["--skip", "rust"]).is_ok_and(|all| all.contains(&"rust")));
    }

    #[test]
    fn steps_beside_another_run_with_the_one_behind_them_and_are_told_in_order() {
        fn passes(_: &Context) -> Result<Done, String> {
            Ok(Done::Passed)
        }
        fn fails(context: &Context) -> Result<Done, String> {
            passed(context.program("sh", "", &["-c", "echo why; exit 1"]))
        }
        type Run = fn(&Context) -> Result<Done, String>;
        let step =
            |name: &'static str, is_beside: bool, run: Run| Step { name, needs: &[], is_beside, run, remedy: "" };
        let (one, two) = (step("one", true, passes), step("two", true, fails));
        let (three, four) = (step("three", false, passes), step("four", false, passes));
        let folder = std::env::temp_dir().join(format!("xtask-test-{}", std::process::id()));
        let context = Context { root: std::env::temp_dir(), target: folder.clone(), said: None };
        let names = |steps: &[&Step]| -> Vec<(String, bool)> {
            let ended = play_next(&context, steps).unwrap_or_default();
            ended.into_iter().map(|it| (it.step.name.to_owned(), it.outcome.is_ok())).collect()
        };
        let told = |names: &[(&str, bool)]| -> Vec<(String, bool)> {
            names.iter().map(|(name, is_ok)| ((*name).to_owned(), *is_ok)).collect()
        };
        assert_eq!(names(&[&one, &two, &three, &four]), told(&[("one", true), ("two", false), ("three", true)]));
        assert!(fs::read_to_string(folder.join(BESIDE)).is_ok_and(|said| said == "why\n"));
        assert_eq!(names(&[&four, &one]), told(&[("four", true)]));
        assert_eq!(names(&[&one, &two]), told(&[("one", true)]), "alone it has the terminal");
        assert_eq!(names(&[]), told(&[]));
        assert!(fs::remove_dir_all(folder).is_ok());
    }

    #[test]
    fn a_step_that_is_not_there_is_named_with_those_that_are() {
        let refused = chosen(&["--only", "rustc"]).err().unwrap_or_default();
        assert!(refused.contains("`rustc`") && refused.contains("web-e2e"), "{refused}");
        assert!(chosen(&["--only"]).is_err());
        assert!(chosen(&["--fast"]).is_err());
    }

    #[test]
    fn a_port_that_somebody_has_is_left_to_them_and_none_is_given_twice() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).and_then(|it| Ok((it.local_addr()?.port(), it)));
        assert!(taken.is_ok_and(|(port, _held)| free_ports(port..port + 1, 1).is_err()));
        let two = free_ports(E2E_PORTS, 2).unwrap_or_default();
        assert!(
            two.len() == 2 && two.iter().all(|port| E2E_PORTS.contains(port)) && two.first() != two.last(),
            "{two:?}"
        );
    }

    #[test]
    fn the_report_ends_with_the_plain_line() {
        let mut report = Report::default();
        report.passed("fmt", Duration::from_millis(1_540));
        report.skipped("deny", "cargo-deny is not installed");
        report.failed("rust", Duration::from_secs(61));
        let text = report.text();
        assert!(text.contains("fmt          passed      1.5 s"), "{text}");
        assert!(text.contains("deny         skipped: cargo-deny is not installed"), "{text}");
        assert!(text.ends_with("\n1 passed, 1 failed"), "{text}");
    }
}
