//! The made-up cameras. Camera `cam-001` is served at `/cam-001` of the RTSP server (`ops/rtsp/serve.py --town`).

use bytes::Bytes;
use domain::{Camera, CameraHealth, CameraId, Millis};

use super::{
    random::Random,
    tables::{Commune, commune, communes},
};

/// Seed of directions and of places without a landmark.
const SEED: u64 = 19;

/// Landmarks and the commune that they stand in; positions are those of the commune's points, not of the landmark.
const LANDMARKS: [(&str, &str); 16] = [
    ("Quảng trường Võ Nguyên Giáp", "05443"),
    ("Cầu Gia Bảy", "05443"),
    ("Chợ Thái", "05443"),
    ("Cầu Bến Tượng", "05443"),
    ("Ga Thái Nguyên", "05482"),
    ("Đảo tròn Tân Long", "05482"),
    ("Nút giao Tân Lập", "05500"),
    ("Bến xe trung tâm", "05467"),
    ("Cổng đại học Thái Nguyên", "05455"),
    ("Cầu Chùa Hang", "05710"),
    ("Cổng khu công nghiệp Sông Công", "05518"),
    ("Nút giao Yên Bình", "05860"),
    ("Đập hồ Núi Cốc", "05488"),
    ("Cầu Đức Xuân", "01840"),
    ("Nội thị Bắc Kạn", "01843"),
    ("Bến thuyền hồ Ba Bể", "01906"),
];

/// What stands in every commune.
const SPOTS: [&str; 4] = ["Ngã tư trung tâm", "Trụ sở ủy ban", "Chợ", "Cầu"];

/// The first `count` cameras, always the same ones, served at `rtsp_base` (`rtsp://host:port`).
#[must_use]
pub fn cameras(count: usize, rtsp_base: &str) -> Vec<Camera> {
    let mut random = Random::new(SEED, "camera");
    let mut rest: Vec<&Commune> = communes().iter().collect();
    random.shuffle(&mut rest);
    let base = rtsp_base.trim_end_matches('/');
    let camera = |index: usize| {
        let (spot, commune) = match LANDMARKS.get(index) {
            Some((landmark, code)) => ((*landmark).to_owned(), commune(code)?),
            None => {
                let at = index - LANDMARKS.len();
                let commune = rest.get(at % rest.len().max(1))?;
                let round = at / rest.len().max(1);
                let spot = SPOTS.get(round % SPOTS.len())?;
                let again = if round < SPOTS.len() { String::new() } else { format!(" {}", round / SPOTS.len() + 1) };
                (format!("{spot} {}{again}", commune.name), *commune)
            }
        };
        // Three landmarks share a commune at most, and each gets a point of its own.
        let point = LANDMARKS.iter().take(index).filter(|(_, code)| *code == commune.code.as_str()).count();
        let id = format!("cam-{:03}", index + 1);
        Some(Camera {
            rtsp_url: format!("{base}/{id}"),
            id: CameraId::new(&id).ok()?,
            place: commune.place(point + index / LANDMARKS.len().max(1), &spot),
            name: spot,
            azimuth_deg: u32::try_from(random.below(24) * 15).unwrap_or(0),
            field_of_view_deg: 60 + u32::try_from(random.below(4) * 10).unwrap_or(0),
            credential_sealed: Bytes::new(),
            health: CameraHealth::Connecting,
            health_at_ms: Millis(0),
            version: 0,
            sensitive: false,
            out_of_service: Vec::new(),
        })
    };
    (0..count).filter_map(camera).collect()
}
