use rtp_types::RtpPacketBuilder;

use super::*;

const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1e, 9];
const PPS: &[u8] = &[0x68, 1, 2];

fn track(sets: bool) -> VideoTrack {
    let mut parameter_sets = ParameterSets::default();
    if sets {
        assert!(parameter_sets.take(SPS) && parameter_sets.take(PPS));
    }
    VideoTrack {
        control: String::new(),
        session_control: String::new(),
        payload_type: 96,
        clock_hz: 90_000,
        parameter_sets,
    }
}

struct Sender {
    sequence: u16,
    depacketizer: Depacketizer,
}

impl Sender {
    fn new(sets: bool) -> Self {
        Self { sequence: 65_530, depacketizer: Depacketizer::new(&track(sets), 1_000_000) }
    }

    fn send(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Vec<AccessUnit> {
        self.sequence = self.sequence.wrapping_add(1);
        let packet = RtpPacketBuilder::<&[u8], &[u8]>::new()
            .payload_type(96)
            .sequence_number(self.sequence)
            .timestamp(timestamp)
            .marker_bit(marker)
            .payload(payload)
            .write_vec()
            .unwrap();
        let mut out = Vec::new();
        self.depacketizer.push(&packet, &mut out);
        out
    }
}

fn annex_b(nals: &[&[u8]]) -> Vec<u8> {
    nals.iter().flat_map(|nal| [&START[..], *nal].concat()).collect()
}

#[test]
fn a_key_frame_gets_its_parameter_sets() {
    let mut sender = Sender::new(true);
    assert_eq!(sender.send(0, true, &[0x41, 1]), [], "nothing before a key frame");
    let units = sender.send(90_000, true, &[0x65, 7]);
    assert_eq!(units.len(), 1);
    assert!(units[0].key);
    assert_eq!(units[0].timestamp_us, 2_000_000);
    assert_eq!(&*units[0].codec, "avc1.42C01E");
    assert_eq!(units[0].data, annex_b(&[SPS, PPS, &[0x65, 7]]));
    let units = sender.send(93_600, true, &[0x41, 8]);
    assert_eq!((units[0].key, units[0].timestamp_us), (false, 2_040_000));
    assert_eq!(units[0].data, annex_b(&[&[0x41, 8]]));
}

#[test]
fn sets_in_the_stream_are_taken_from_stap_a_and_fragments_are_joined() {
    let mut sender = Sender::new(false);
    assert_eq!(sender.send(0, true, &[0x65, 1]), [], "no parameter sets yet");
    let stap = [&[0x78, 0, 5][..], SPS, &[0, 3], PPS].concat();
    assert_eq!(sender.send(10, false, &stap), []);
    assert_eq!(sender.send(10, false, &[0x7c, 0x85, 1, 2]), []);
    assert_eq!(sender.send(10, false, &[0x7c, 0x05, 3]), []);
    let units = sender.send(10, true, &[0x7c, 0x45, 4]);
    assert_eq!(units[0].data, annex_b(&[SPS, PPS, &[0x65, 1, 2, 3, 4]]));
}

#[test]
fn after_a_gap_nothing_leaves_before_the_next_key_frame() {
    let mut sender = Sender::new(true);
    assert_eq!(sender.send(0, true, &[0x65, 1]).len(), 1);
    sender.send(1, false, &[0x7c, 0x81, 1]);
    sender.sequence += 3;
    assert_eq!(sender.send(1, true, &[0x7c, 0x41, 2]), []);
    assert_eq!(sender.send(2, true, &[0x41, 3]), []);
    assert_eq!(sender.send(3, true, &[0x65, 4]).len(), 1);
    let stats = sender.depacketizer.stats();
    assert_eq!((stats.packets_lost, stats.access_units_dropped, stats.access_units), (3, 2, 4));
}

#[test]
fn a_doubled_or_late_packet_changes_nothing() {
    let mut sender = Sender::new(true);
    assert_eq!(sender.send(0, true, &[0x65, 1]).len(), 1);
    sender.sequence -= 1;
    assert_eq!(sender.send(0, true, &[0x65, 1]), []);
    assert_eq!(sender.send(1, true, &[0x41, 1]).len(), 1);
    assert_eq!(sender.depacketizer.stats().packets_discarded, 1);
}

#[test]
fn without_markers_a_new_time_ends_the_unit() {
    let mut sender = Sender::new(true);
    assert_eq!(sender.send(0, false, &[0x65, 1]), []);
    let units = sender.send(3_000, false, &[0x41, 2]);
    assert_eq!((units.len(), units[0].timestamp_us), (1, 1_000_000));
    assert_eq!(sender.send(6_000, true, &[0x41, 3]).len(), 2);
}

#[test]
fn timestamps_go_on_past_the_wrap() {
    let mut sender = Sender::new(true);
    assert_eq!(sender.send(u32::MAX - 44_999, true, &[0x65, 1])[0].timestamp_us, 1_000_000);
    assert_eq!(sender.send(45_000, true, &[0x41, 1])[0].timestamp_us, 2_000_000);
}

#[test]
fn a_unit_over_the_bound_is_dropped() {
    let mut sender = Sender::new(true);
    let fragment = vec![1; 60_000];
    sender.send(0, false, &[&[0x7c, 0x85][..], &fragment].concat());
    for _ in 0..80 {
        sender.send(0, false, &[&[0x7c, 0x05][..], &fragment].concat());
    }
    assert!(sender.depacketizer.unit.data.len() <= ACCESS_UNIT_BYTES_MAX);
    assert_eq!(sender.send(0, true, &[0x7c, 0x45, 1]), []);
    assert_eq!(sender.send(1, true, &[0x65, 1]).len(), 1, "the next key frame is whole again");
}

#[test]
fn malformed_payloads_damage_their_unit_only() {
    for payload in [&[][..], &[0x78, 0, 9, 1], &[0x7c], &[0x7c, 0x05, 1], &[0x79, 1], &[0x1f]] {
        let mut sender = Sender::new(true);
        assert_eq!(sender.send(0, true, &[0x65, 1]).len(), 1);
        assert_eq!(sender.send(1, true, payload), [], "{payload:?}");
        assert_eq!(sender.send(2, true, &[0x65, 1]).len(), 1);
    }
}
