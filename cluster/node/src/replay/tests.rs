use std::io::Write;

use domain::{DeviceStatus, Severity, wire::Record};

use super::{series::quantile, table::Table, *};
use crate::town::measure::value;

fn table(text: &str) -> Table {
    Table::parse(text.as_bytes()).unwrap()
}

fn limits(series: &Series) -> Vec<(&str, f64)> {
    series.sensor.thresholds.iter().map(|it| (it.condition.as_str(), value(it.limit_micro))).collect()
}

fn passes(series: &Series) {
    assert_eq!(Sensor::decode(&series.sensor.encode()).as_ref(), Ok(&series.sensor));
    assert!(series.points.windows(2).all(|two| two[0].0 < two[1].0), "{}", series.sensor.id);
}

#[test]
fn nab_learns_its_limits_from_the_unscored_part_only() {
    let rows: String = (0..100)
        .map(|i| format!("2014-04-01 {:02}:{:02}:00,{}\n", i / 60, i % 60, if i < 15 { i % 2 } else { 900 }))
        .collect();
    let series = nab::parse(
        Path::new("nab/data/realKnownCause/machine_temperature_system_failure.csv.gz"),
        &table(&format!("timestamp,value\n{rows}")),
    )
    .unwrap();
    passes(&series);
    assert_eq!(series.points.len(), 100);
    assert_eq!(series.sensor.unit_of_measure, "[degF]");
    let high = limits(&series)[0];
    assert!(high.0 == "high" && high.1 < 5.0, "{high:?}");
}

#[test]
fn a_flat_series_has_no_limits() {
    let rows: String = (0..100).map(|i| format!("2014-04-01 {:02}:{:02}:00,45.0\n", i / 60, i % 60)).collect();
    let series =
        nab::parse(Path::new("artificialNoAnomaly/art_flatline.csv.gz"), &table(&format!("timestamp,value\n{rows}")));
    assert!(series.unwrap().sensor.thresholds.is_empty());
}

#[test]
fn minus_200_is_missing() {
    let text = "Date,Time,CO(GT),C6H6(GT),NOx(GT),NO2(GT),T,RH\n\
        2004-03-10,18:00:00,2.6,11.9,166.0,113.0,13.6,48.9\n\
        2004-03-10,19:00:00,-200,9.4,103.0,92.0,-200,47.7\n";
    let all = air_quality::parse_uci(&table(text)).unwrap();
    all.iter().for_each(passes);
    let count = |id: &str| all.iter().find(|series| series.sensor.id.as_str() == id).unwrap().points.len();
    assert_eq!((count("uci-co"), count("uci-t"), count("uci-no2")), (1, 1, 2));
}

#[test]
fn beijing_crosses_its_limit() {
    let text = "date,pollution,dew,temp\n2010-01-02 00:00:00,129.0,-16,-4.0\n2010-01-02 01:00:00,148.0,-15,-4.0\n";
    let all = air_quality::parse_beijing(&table(text)).unwrap();
    assert_eq!(limits(&all[0]), [("high", 150.0)]);
    assert_eq!(value(all[1].points[0].1), -4.0);
}

#[test]
fn feet_become_metres_and_inches_millimetres() {
    let text = "Time,WS_S1,WS_S4,HWS_S25A,TWS_S25A,HWS_S25B,TWS_S25B,MEAN_RAIN\n\
        10/19/18 09:00,1,0.61,2.4,0.69,2.92,0.71,0.5\n10/19/18 10:00,2,0.35,2.39,0.36,2.92,0.46,0\n";
    let all = river_stage::parse(&table(text)).unwrap();
    all.iter().for_each(passes);
    assert_eq!(value(all[0].points[0].1), 0.3048);
    assert_eq!(value(all.last().unwrap().points[0].1), 12.7);
    assert_eq!(limits(&all[0]).iter().map(|it| it.0).collect::<Vec<_>>(), ["level-1", "level-2", "level-3"]);
}

#[test]
fn an_hour_told_twice_counts_once_and_the_impossible_is_known_to_be_refused() {
    let text = "temp,rain_1h,date_time,traffic_volume\n\
        288.15,0,2012-10-02 09:00,5545\n0,9831.3,2012-10-02 10:00,4516\n288.0,0,2012-10-02 10:00,4516\n";
    let all = traffic::parse(&table(text)).unwrap();
    all.iter().for_each(passes);
    assert!(all.iter().all(|series| series.points.len() == 2));
    assert_eq!(value(all[1].points[0].1), 15.0);
    assert!(all[1].can_say(all[1].points[0].1) && !all[1].can_say(all[1].points[1].1));
    assert!(!all[2].can_say(all[2].points[1].1));
}

const CALLS: &str = "time,lat,lng,category,type,township,zip,addr,station\n\
    2015-12-10 17:40:00,40.2978759,-75.5812935,EMS,BACK PAINS/INJURY,X,1,A & B,332\n\
    2015-12-10 17:40:00,40.1211818,-75.3519752,Fire,GAS-ODOR/LEAK,X,1,A & B,STA27\n\
    2015-12-10 17:41:00,40.2580614,-75.2646799,EMS,VEHICLE ACCIDENT,X,1,A & B,345\n\
    2015-12-10 17:30:00,40.2,-75.3,Traffic,SOMETHING NEW -,X,1,A & B,\n\
    2015-12-10 17:30:00,,-75.3,Traffic,NO PLACE,X,1,A & B,\n";

#[test]
fn calls_are_moved_to_communes_and_say_so() {
    let calls = calls::parse(&table(CALLS)).unwrap();
    assert_eq!(calls.len(), 4);
    assert_eq!(calls[0].type_, "SOMETHING NEW -");
    let mapping = calls::Mapping::new(&calls);
    let reports: Vec<_> =
        calls.iter().enumerate().map(|(n, call)| mapping.report(call, &n.to_string(), true).unwrap()).collect();
    for report in &reports {
        assert!(report.place_is_mapped && report.exercise);
        let commune = town::tables::commune(report.place.admin_unit.as_str()).unwrap();
        assert!(report.summary.contains(&commune.name));
        let at = (f64::from(report.place.latitude_e7) / 1e7, f64::from(report.place.longitude_e7) / 1e7);
        let nearest =
            commune.points.iter().map(|point| town::measure::distance_km(*point, at)).fold(f64::MAX, f64::min);
        assert!(nearest <= 1.01, "{nearest} km");
    }
    let kinds: Vec<_> = reports.iter().map(|report| (report.kind.as_str(), report.severity)).collect();
    assert_eq!(
        kinds,
        [
            ("traffic", Severity::Medium),
            ("medical", Severity::Low),
            ("fire", Severity::High),
            ("traffic", Severity::High)
        ]
    );
    // North stays north.
    assert!(reports[1].place.latitude_e7 > reports[2].place.latitude_e7);
}

#[test]
fn clips_become_cameras() {
    let cameras = video::cameras(&["car-detection".into(), "not an id".into()], "rtsp://127.0.0.1:8554/");
    assert_eq!(cameras.len(), 1);
    assert_eq!(cameras[0].rtsp_url, "rtsp://127.0.0.1:8554/car-detection");
}

fn two_series() -> Vec<Series> {
    let kind = |id| series::Kind { id, name: "n", kind: domain::SensorKind::Other, unit: "1", range: (0.0, 0.0) };
    let points = |times: &[u64]| times.iter().map(|at| (Millis(*at), *at as f64)).collect();
    vec![
        Series::new(kind("a"), &[], points(&[30, 10, 20, 20])).unwrap(),
        Series::new(kind("b"), &[], points(&[20, 25])).unwrap(),
    ]
}

#[test]
fn series_are_merged_by_time() {
    let all = two_series();
    let merged: Vec<_> = series::merge(&all).map(|(at, series, _)| (at.0, series.sensor.id.to_string())).collect();
    let expected = [(10, "a"), (20, "a"), (20, "b"), (25, "b"), (30, "a")];
    assert_eq!(merged, expected.map(|(at, id)| (at, id.to_owned())));
}

#[test]
fn played_times_begin_now_and_are_pressed_together() {
    let pace = Pace::new(Speed::Times(60.0), Some(Millis(0)), Some(Millis(600_000)), Millis(1_000_000));
    assert_eq!(pace.device_time(Millis(0)), Millis(1_000_000));
    assert_eq!(pace.device_time(Millis(600_000)), Millis(1_010_000));
    assert_eq!(pace.wait_ms(Millis(600_000), Millis(1_004_000)), 6_000);
}

#[test]
fn at_full_speed_times_end_now_and_keep_their_distances() {
    let pace = Pace::new(Speed::Max, Some(Millis(0)), Some(Millis(600_000)), Millis(1_000_000));
    assert_eq!(pace.device_time(Millis(600_000)), Millis(1_000_000));
    assert_eq!(pace.device_time(Millis(540_000)), Millis(940_000));
    assert_eq!(pace.wait_ms(Millis(600_000), Millis(0)), 0);
}

#[test]
fn a_run_has_sensors_of_its_own_and_readings_their_unit() {
    let mut series = two_series().remove(0);
    series.rename("-r2");
    let reading = series.reading(Millis(5), series.points[0].1);
    assert_eq!((reading.sensor.as_str(), reading.unit_of_measure.as_str()), ("a-r2", "1"));
    assert_eq!(reading.status, DeviceStatus::Measuring);
}

#[test]
fn options_are_read() {
    assert_eq!("max".parse(), Ok(Speed::Max));
    assert_eq!("60".parse(), Ok(Speed::Times(60.0)));
    for wrong in ["0", "-1", "inf", "fast", "1000000"] {
        assert!(wrong.parse::<Speed>().unwrap_err().contains("speed"), "{wrong}");
    }
    assert_eq!("river_stage".parse(), Ok(Set::RiverStage));
    assert!("rivers".parse::<Set>().unwrap_err().contains("river_stage"));
}

#[test]
fn quantiles() {
    let values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
    assert_eq!((quantile(&values, 0.99), quantile(&values, 0.0), quantile(&[], 0.5)), (Some(99.0), Some(0.0), None));
}

#[test]
fn gzip_is_unpacked_and_a_missing_file_says_what_to_do() {
    let folder = std::env::temp_dir().join(format!("trongdong-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("t.csv.gz");
    let mut gz = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    gz.write_all(b"timestamp,value\n2014-04-01 00:00:00,1\n").unwrap();
    gz.finish().unwrap();
    assert_eq!(Table::load(&path).unwrap().rows().len(), 1);
    let error = traffic::load(&folder).unwrap_err().to_string();
    assert!(error.contains("--data"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Over a real folder, named by `TRONGDONG_DATA`.
#[test]
fn real_recordings_parse_whole() {
    let Some(data) = std::env::var_os("TRONGDONG_DATA").map(PathBuf::from) else {
        eprintln!("skipped: TRONGDONG_DATA names no folder of recordings");
        return;
    };
    let points = |all: &[Series]| all.iter().map(|series| series.points.len()).sum::<usize>();
    let sets = [
        (nab::load(&data).unwrap(), 58, 365_000),
        (air_quality::load(&data).unwrap(), 8, 120_000),
        (river_stage::load(&data).unwrap(), 7, 135_000),
        (traffic::load(&data).unwrap(), 3, 120_000),
    ];
    for (all, series, points_min) in &sets {
        assert_eq!(all.len(), *series);
        assert!(points(all) >= *points_min, "{} points", points(all));
        all.iter().for_each(passes);
        assert!(all.iter().all(|series| series.sensor.thresholds.iter().all(|it| series.can_say(it.limit_micro))));
        eprintln!("{series} series, {} points", points(all));
    }
    let calls = calls::load(&data).unwrap();
    assert_eq!(calls.len(), 99_492);
    let mapping = calls::Mapping::new(&calls);
    let communes: std::collections::BTreeSet<_> =
        calls.iter().step_by(100).map(|call| mapping.place(call.place).unwrap().admin_unit).collect();
    assert!(communes.len() > 60, "{} communes", communes.len());
    assert_eq!(video::clips(&data).unwrap().len(), 3);
}
