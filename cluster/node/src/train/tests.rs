//! Small trainings of every model: they end in seconds, say how they go, and give the same bytes again.

use std::{fmt::Write as _, io::Write as _};

use clap::Parser;
use flate2::{Compression, write::GzEncoder};
use models::{
    anomaly::Settings,
    duplicate,
    forecast::{self, load::LoadModel},
    triage::Triage,
};

use super::{registration::RegistrationError, *};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: TrainArgs,
}

fn parse(words: &[&str]) -> Result<TrainArgs, String> {
    Cli::try_parse_from(["train"].iter().chain(words)).map(|cli| cli.args).map_err(|error| error.to_string())
}

/// An empty folder of one test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("trongdong-train-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Trains twice; what it made the first time, its lines, and where it was written.
fn twice(words: &[&str]) -> (Made, Vec<String>, Written) {
    let args = parse(words).unwrap();
    let mut lines = Vec::new();
    let (made, out) = make(&args, &mut |line| lines.push(line)).unwrap();
    let (again, _) = make(&args, &mut |_| ()).unwrap();
    assert_eq!(made.artifact.hash(), again.artifact.hash(), "the same seed and data give the same bytes");
    assert_eq!(made.page, again.page);
    assert!(made.page.contains("<svg") && made.page.contains(&made.artifact.hash()));
    let registration = Registration::of(made.kind, &made.artifact, made.shares.clone()).unwrap();
    let written = write(&made, &registration, out).unwrap();
    assert_eq!(Registration::read(&written.registration).unwrap(), registration);
    let kept = Artifact::decode(&fs::read(&written.artifact).unwrap()).unwrap();
    assert_eq!(kept, made.artifact);
    (made, lines, written)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn triage_from_the_generator_and_corrections() {
    let home = folder("triage");
    let corrections = home.join("corrections.tsv");
    let rows: String =
        (0..20).map(|at| format!("c{at}\tfire\thigh\trescue\t-\t-\tbếp nhà số {at} cháy lan sang kho gỗ\n")).collect();
    fs::write(&corrections, format!("{}\n{rows}", models::triage::labelled::COLUMNS)).unwrap();
    let out = home.join("out");
    let words = ["triage", "--data", text(&home), "--out", text(&out), "--messages", "300", "--epochs-max", "1"];
    let (made, lines, written) = twice(&words);
    assert!(lines[0].contains("300 messages of the generator, 20 corrections"), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("network 1 of 4, epoch 1")), "{lines:?}");
    assert!(Triage::from_artifact(&made.artifact).is_ok() && !made.is_shipped);
    let shares: i64 = made.shares.iter().map(|share| share.share_micro.0).sum();
    assert!((999_990..=1_000_010).contains(&shares), "{shares}");
    // Whatever the register is told stands in the file, under the names of the API.
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&written.registration).unwrap()).unwrap();
    assert!(told["name"] == "triage" && told["kind"] == "triage", "{told}");
    assert_eq!(told["sha256"], made.artifact.hash().as_str());
    assert!(told["quality"][0]["value_micro"].is_i64() && told["shares"][0]["share_micro"].is_i64());
    // A file that was changed on the way is not registered.
    fs::write(&written.artifact, b"something else").unwrap();
    assert!(matches!(Registration::read(&written.registration), Err(RegistrationError::Artifact { .. })));
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn the_same_incident_from_a_log_of_calls() {
    let home = folder("duplicate");
    let mut log = "time,lat,lng,category,type,township,addr\n".to_owned();
    for at in 0..1500 {
        // Ten spots in turn, two of them busy.
        let spot = if at % 3 == 0 { at % 2 } else { at % 10 };
        let (hour, minute) = (at / 60 % 24, at % 60);
        let day = 1 + at / 1440;
        writeln!(
            log,
            "2026-01-{day:02} {hour:02}:{minute:02}:00,40.{:04},-75.3,EMS,FALL VICTIM,A,MAIN {spot} & OAK {spot}",
            2000 + spot * 7
        )
        .unwrap();
    }
    // Packed, as logs are kept.
    let file = home.join("calls.csv.gz");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(log.as_bytes()).unwrap();
    fs::write(&file, packed.finish().unwrap()).unwrap();
    let words = ["duplicate", "--data", text(&file), "--out", text(&home), "--seed", "5", "--epochs-max", "2"];
    let (made, lines, _) = twice(&words);
    assert!(lines[0].contains("1500 calls") && lines[1].starts_with("epoch 1 of at most 2"), "{lines:?}");
    assert!(made.artifact.model::<duplicate::Model>().is_ok());
    assert_eq!((made.artifact.header.seed, made.artifact.header.name.as_str()), (5, "duplicate"));
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_forecaster_from_a_table_of_hours() {
    let home = folder("forecast");
    let mut table = "time,level,rain,remark\n".to_owned();
    for at in 0..900_u32 {
        let level = (f64::from(at) * std::f64::consts::TAU / 12.42).sin();
        let ms = 1_790_000_000_000 + u64::from(at) * 3_600_000;
        writeln!(table, "{ms},{level:.3},{},ok", at * 7 % 5).unwrap();
    }
    let file = home.join("river.csv");
    fs::write(&file, table).unwrap();
    let words = ["forecast", "--data", text(&file), "--series", "level", "--out", text(&home), "--epochs-max", "2"];
    let (made, lines, _) = twice(&words);
    assert!(lines[0].contains("1 columns beside it"), "{lines:?}");
    let model = made.artifact.model::<forecast::Model>().unwrap();
    assert_eq!(model.plan.covariates, 1);
    assert_eq!(made.artifact.header.name, "forecast-level");
    assert!(made.artifact.header.quality.contains_key("pinball_ratio_12h"));

    let refused = |words: &[&str]| {
        let args = parse(words).unwrap();
        make(&args, &mut |_| ()).err().unwrap().to_string()
    };
    let said = refused(&["forecast", "--data", text(&file), "--series", "levle", "--out", text(&home)]);
    assert_eq!(said, "--series: no column \"levle\"; there are time, level, rain, remark");
    let without =
        ["forecast", "--data", text(&file), "--series", "level", "--covariates", "remark", "--out", text(&home)];
    assert_eq!(refused(&without), "--covariates: column \"remark\" has no number: leave it out");
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn load_from_past_incidents() {
    let home = folder("load");
    let mut log = "time,district\n".to_owned();
    for hour in 0..24 * 7 * 9_u64 {
        let busy = if hour % 24 > 7 { 3 } else { 1 };
        for at in 0..busy {
            let ms = 1_790_000_000_000 + (hour * 60 + at * 7) * 60_000;
            writeln!(log, "{ms},{}", ["a", "b", "c"][usize::try_from((hour + at) % 3).unwrap()]).unwrap();
        }
    }
    let file = home.join("incidents.csv");
    fs::write(&file, log).unwrap();
    let words = ["load", "--data", text(&file), "--out", text(&home), "--epochs-max", "2", "--utc-offset-h", "-5"];
    let (made, lines, _) = twice(&words);
    assert!(lines[0].contains("3 districts"), "{lines:?}");
    assert_eq!(made.artifact.model::<LoadModel>().unwrap().utc_offset_h, -5);
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn settings_of_the_anomaly_detector_from_labelled_series() {
    let home = folder("anomaly");
    for folder in ["data/town", "labels"] {
        fs::create_dir_all(home.join(folder)).unwrap();
    }
    let time = |row: u32| format!("2026-01-{:02} {:02}:{:02}:00", 1 + row / 288, row / 12 % 24, row % 12 * 5);
    let mut labels = serde_json::Map::new();
    for file in 0..8_u32 {
        let from = 600 + 20 * file;
        let rows = (0..1000).map(|row| {
            let value = f64::from(row * 7 % 23) / 4.0 + if (from..from + 9).contains(&row) { 9.0 } else { 0.0 };
            format!("{},{value}\n", time(row))
        });
        let name = format!("town/s{file}.csv");
        fs::write(home.join("data").join(&name), format!("timestamp,value\n{}", rows.collect::<String>())).unwrap();
        labels.insert(name, serde_json::json!([[time(from - 5), time(from + 20)]]));
    }
    fs::write(home.join("labels/combined_windows.json"), serde_json::to_vec(&labels).unwrap()).unwrap();
    let out = home.join("out");
    let (made, lines, _) = twice(&["anomaly", "--data", text(&home), "--out", text(&out), "--epochs-max", "1"]);
    assert!(lines[0].contains("4 series to choose by, 4 to judge by"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("round 1 of at most 1")), "{lines:?}");
    assert!(made.artifact.model::<Settings>().is_ok());
    assert!(made.artifact.header.quality.contains_key("nab_heldout_half_standard"));
    assert!(made.page.contains("town/s1.csv"));
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let refused = |words: &[&str]| parse(words).err().unwrap_or_default();
    assert!(refused(&["weather", "--out", "x"]).contains("triage"));
    assert!(refused(&["triage"]).contains("--out"));
    assert!(refused(&["forecast", "--out", "x"]).contains("--data"));
    assert!(refused(&["triage", "--out", "x", "--epochs-max", "0"]).contains("give a number from 1"));
    assert!(refused(&["forecast", "--out", "x", "--data", "y", "--series", "z", "--of", "sea"]).contains("river"));

    let home = folder("wrong");
    let fails = |words: &[&str]| {
        let args = parse(words).unwrap();
        make(&args, &mut |_| ()).err().unwrap().to_string()
    };
    let missing = fails(&["load", "--data", "/nowhere/incidents.csv", "--out", "x"]);
    assert!(missing.starts_with("--data /nowhere/incidents.csv: "), "{missing}");
    assert!(fails(&["triage", "--data", text(&home), "--out", "x"]).contains("no .tsv or .jsonl file"));
    let table = home.join("table.csv");
    fs::write(&table, "time,district\nyesterday,a\n").unwrap();
    assert!(fails(&["load", "--data", text(&table), "--out", "x"]).contains("line 2: \"yesterday\" is no time"));
    fs::write(&table, "when,where\n2026-01-01 00:00,a\n").unwrap();
    let said = fails(&["load", "--data", text(&table), "--out", "x"]);
    assert_eq!(said, "--district-column: no column \"district\"; there are when, where");
    assert!(fails(&["anomaly", "--data", text(&home), "--out", "x"]).contains("combined_windows.json"));
    let header = header(
        &Common { out: home.clone(), seed: None, epochs_max: None, name: Some("mực nước".into()), number: 1 },
        "forecast",
        "d".into(),
        1,
        Vec::new(),
    );
    let artifact = Artifact { header, weights: vec![1] };
    let said = Registration::of(ModelKind::Forecast, &artifact, Vec::new()).err().unwrap().to_string();
    assert!(said.starts_with("--name: ") && said.contains("a-z A-Z 0-9"), "{said}");
    let nothing = Registration::read(&home.join("none.json")).err().unwrap().to_string();
    assert!(nothing.contains("trongdong train"), "{nothing}");
    fs::remove_dir_all(home).unwrap();
}
