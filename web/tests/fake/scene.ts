// A made-up afternoon of rain in the province, the same each time: random numbers come from a fixed seed.
import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { AdminUnitSchema, DistrictSchema } from '../../src/gen/trongdong/v1/admin_unit_pb';
import { AlarmSchema, type Alarm } from '../../src/gen/trongdong/v1/alarm_pb';
import { CameraHealth, CameraSchema, type Camera } from '../../src/gen/trongdong/v1/camera_pb';
import { ClockSchema, ClockStage, ClockStatus, Obligation } from '../../src/gen/trongdong/v1/clock_pb';
import { PlaceSchema, type Place } from '../../src/gen/trongdong/v1/common_pb';
import { IncidentKind, IncidentSchema, IncidentStatus, type Incident } from '../../src/gen/trongdong/v1/incident_pb';
import { InstructionSchema, InstructionStatus, type Instruction } from '../../src/gen/trongdong/v1/instruction_pb';
import { DeviceStatus, SensorKind, SensorSchema, type Sensor } from '../../src/gen/trongdong/v1/sensor_pb';
import { UnitSchema, UnitStatus, type Unit } from '../../src/gen/trongdong/v1/unit_pb';

const MAP = new URL('../../public/map/', import.meta.url);

/** Mulberry32: small, and the same on every machine. */
export function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Commune {
  code: string;
  name: string;
  label: string;
  district: string;
  longitude: number;
  latitude: number;
}

export interface Scene {
  communes: Commune[];
  districts: { id: string; name: string; nameEn: string }[];
  units: Map<string, Unit>;
  incidents: Map<string, Incident>;
  instructions: Map<string, Instruction>;
  sensors: Map<string, Sensor>;
  cameras: Map<string, Camera>;
  alarms: Map<string, Alarm>;
}

function features(file: string): GeoJSON.Feature[] {
  return (JSON.parse(readFileSync(new URL(file, MAP), 'utf8')) as GeoJSON.FeatureCollection).features;
}

const micro = (value: number) => BigInt(Math.round(value * 1e6));

/** Builds the scene as it stands at `nowMs`. */
export function buildScene(nowMs: number): Scene {
  const random = seeded(19);
  const communes = features('communes.geojson').map(({ properties: p }) => ({
    code: String(p?.['code']),
    name: String(p?.['name']),
    label: String(p?.['label']),
    district: String(p?.['district']),
    longitude: Number(p?.['label_lon']),
    latitude: Number(p?.['label_lat']),
  }));
  const districts = features('districts.geojson').map(({ properties: p }) => ({
    id: String(p?.['id']),
    name: String(p?.['name']),
    nameEn: String(p?.['name_en']),
  }));
  const commune = (label: string) => communes.find((c) => c.label === label) ?? communes[0]!;
  const at = (c: Commune, address = '', spread = 0.02): Place =>
    create(PlaceSchema, {
      latitudeE7: Math.round((c.latitude + (random() - 0.5) * spread) * 1e7),
      longitudeE7: Math.round((c.longitude + (random() - 0.5) * spread) * 1e7),
      adminUnit: c.code,
      address,
    });
  const ago = (seconds: number) => BigInt(nowMs - seconds * 1_000);
  const scene: Scene = {
    communes, districts,
    units: new Map(), incidents: new Map(), instructions: new Map(), sensors: new Map(), cameras: new Map(), alarms: new Map(),
  };

  const stations: [string, string, string, SensorKind, string, number, [string, number, number][], number][] = [
    ['wl-gia-bay', 'Sông Cầu tại Gia Bảy', 'Phan Đình Phùng', SensorKind.RIVER_LEVEL, 'm', 27.82, [['level-1', 25, 2], ['level-2', 26, 3], ['level-3', 27, 5]], 4],
    ['wl-cho-moi', 'Sông Cầu tại Chợ Mới', 'Chợ Mới', SensorKind.RIVER_LEVEL, 'm', 53.34, [['level-1', 52, 2], ['level-2', 53, 4]], 6],
    ['wl-bac-kan', 'Sông Cầu tại Bắc Kạn', 'Bắc Kạn', SensorKind.RIVER_LEVEL, 'm', 131.2, [['level-1', 132, 3]], 7],
    ['rain-dinh-hoa', 'Mưa Định Hóa', 'Định Hóa', SensorKind.RAIN, 'mm/h', 46.4, [['high', 40, 3]], 12],
    ['rain-ba-be', 'Mưa Ba Bể', 'Ba Bể', SensorKind.RAIN, 'mm/h', 12.5, [['high', 40, 3]], 15],
    ['rain-vo-nhai', 'Mưa Võ Nhai', 'Võ Nhai', SensorKind.RAIN, 'mm/h', 18.1, [['high', 40, 3]], 9],
    ['air-tich-luong', 'Không khí Tích Lương', 'Tích Lương', SensorKind.AIR, 'ug/m3', 61.3, [['high', 150, 3]], 30],
    ['air-song-cong', 'Không khí Sông Công', 'Sông Công', SensorKind.AIR, 'ug/m3', 84.9, [['high', 150, 3]], 26],
    ['temp-pho-yen', 'Nhiệt độ Phổ Yên', 'Phổ Yên', SensorKind.TEMPERATURE, 'Cel', 27.4, [['high', 39, 3]], 41],
    ['fire-cho-thai', 'Báo cháy chợ Thái', 'Phan Đình Phùng', SensorKind.FIRE, '1', 0, [['high', 0.5, 5]], 3],
    ['wl-nui-coc', 'Hồ Núi Cốc', 'Đại Phúc', SensorKind.RIVER_LEVEL, 'm', 45.9, [['high', 46.2, 4]], 8],
  ];
  for (const [id, name, place, kind, unit, value, limits, age] of stations) {
    scene.sensors.set(id, create(SensorSchema, {
      id, name, kind, unitOfMeasure: unit, place: at(commune(place)), periodMs: 60_000, silencePeriods: 5,
      thresholds: limits.map(([condition, limit, severity]) => ({ condition, above: true, limitMicro: micro(limit), severity })),
      status: DeviceStatus.MEASURING, lastAtMs: ago(age), lastMicro: micro(value), lastRecordedAtMs: ago(age), version: 1n,
    }));
  }
  communes.forEach((c, index) => {
    if (index % 2 === 1) return;
    const kind = [SensorKind.RAIN, SensorKind.RIVER_LEVEL, SensorKind.AIR][index % 3]!;
    const id = `auto-${c.code}`;
    const names = { [SensorKind.RAIN]: 'Mưa', [SensorKind.RIVER_LEVEL]: 'Mực nước', [SensorKind.AIR]: 'Không khí' } as Record<number, string>;
    const silent = index % 22 === 0;
    scene.sensors.set(id, create(SensorSchema, {
      id, name: `${names[kind]} ${c.label}`, kind, place: at(c, '', 0.05),
      unitOfMeasure: kind === SensorKind.RAIN ? 'mm/h' : kind === SensorKind.AIR ? 'ug/m3' : 'm',
      periodMs: 60_000, silencePeriods: 3, status: DeviceStatus.MEASURING,
      lastAtMs: ago(silent ? 1_900 : 5 + (index % 40)), lastMicro: micro(2 + random() * 20), version: 1n,
      thresholds: [{ condition: 'high', above: true, limitMicro: micro(200), severity: 3 }],
    }));
  });

  const cameraPlaces: [string, string, number, number, CameraHealth][] = [
    ['Cầu Gia Bảy', 'Phan Đình Phùng', 40, 60, CameraHealth.LIVE],
    ['Ngã tư Quang Trung', 'Quan Triều', 200, 90, CameraHealth.LIVE],
    ['Cầu Bến Tượng', 'Gia Sàng', 130, 60, CameraHealth.NO_SIGNAL],
    ['Quảng trường Võ Nguyên Giáp', 'Phan Đình Phùng', 300, 120, CameraHealth.LIVE],
    ['KCN Yên Bình', 'Vạn Xuân', 90, 90, CameraHealth.LIVE],
    ['Đèo Giàng', 'Bạch Thông', 350, 60, CameraHealth.LIVE],
    ['Hồ Ba Bể', 'Ba Bể', 180, 120, CameraHealth.LIVE],
    ['Chợ Bắc Kạn', 'Đức Xuân', 260, 90, CameraHealth.LIVE],
    ['QL3 Chợ Mới', 'Chợ Mới', 15, 60, CameraHealth.LIVE],
    ['Hồ Núi Cốc', 'Đại Phúc', 220, 90, CameraHealth.UNAUTHORIZED],
    ['Ga Lưu Xá', 'Tích Lương', 75, 60, CameraHealth.LIVE],
    ['Bến xe Phổ Yên', 'Phổ Yên', 120, 90, CameraHealth.LIVE],
  ];
  cameraPlaces.forEach(([name, place, azimuthDeg, fieldOfViewDeg, health], index) => {
    const id = `cam-${String(index + 1).padStart(2, '0')}`;
    scene.cameras.set(id, create(CameraSchema, {
      id, name, place: at(commune(place), '', 0.004), azimuthDeg, fieldOfViewDeg, health, healthAtMs: ago(600 + index * 40), version: 1n, sensitive: name === 'Hồ Núi Cốc',
    }));
  });

  const agencies: [string, string, number][] = [['XCC', 'Cấp cứu 115', 14], ['PCCC', 'Cảnh sát PCCC', 12], ['CSGT', 'Cảnh sát giao thông', 16], ['CAP', 'Công an phường, xã', 22], ['XUỒNG', 'Ban chỉ huy phòng chống thiên tai', 8]];
  for (const [prefix, agency, count] of agencies) {
    for (let n = 1; n <= count; n += 1) {
      const id = `${prefix}-${String(n).padStart(2, '0')}`;
      const c = communes[Math.floor(random() * communes.length)]!;
      scene.units.set(id, create(UnitSchema, {
        id, name: id, agency, status: n % 9 === 0 ? UnitStatus.OUT_OF_SERVICE : UnitStatus.AVAILABLE,
        station: at(c), position: at(c, '', 0.08), positionAtMs: ago(20), statusAtMs: ago(1_200), version: 1n,
      }));
    }
  }

  type Row = [string, IncidentKind, number, string, string, string, IncidentStatus, number, Partial<Incident>];
  const rows: Row[] = [
    ['I4821', IncidentKind.FLOOD, 5, 'Nước sông Cầu vượt báo động III tại Gia Bảy', 'Phan Đình Phùng', 'Cầu Gia Bảy', IncidentStatus.OPENED, 74, { sources: [{ origin: { case: 'alarm', value: { entity: 'wl-gia-bay', condition: 'level-3' } }, active: true }] as never }],
    ['I4819', IncidentKind.FIRE, 5, 'Cháy kho hàng, có khói trong nhà xưởng', 'Vạn Xuân', 'KCN Yên Bình', IncidentStatus.ASSIGNED, 1_260, { units: ['PCCC-01', 'PCCC-02', 'XCC-03'] }],
    ['I4822', IncidentKind.FLOOD, 4, 'Ngập sâu trên đường, xe không qua được', 'Gia Sàng', 'Đường Bến Tượng', IncidentStatus.OPENED, 41, {}],
    ['I4820', IncidentKind.INFRASTRUCTURE, 4, 'Sạt lở ta luy dương, đất tràn mặt đường', 'Bạch Thông', 'QL3, đèo Giàng', IncidentStatus.OPENED, 312, { escalationLevel: 1 }],
    ['I4817', IncidentKind.TRAFFIC, 4, 'Tai nạn xe khách và xe tải', 'Chợ Mới', 'QL3 km 118', IncidentStatus.ASSIGNED, 1_840, { units: ['XCC-05', 'CSGT-04'] }],
    ['I4818', IncidentKind.MEDICAL, 3, 'Người già ngất tại chợ', 'Đức Xuân', 'Chợ Bắc Kạn', IncidentStatus.ACKNOWLEDGED, 905, { placeIsMapped: true }],
    ['I4815', IncidentKind.FLOOD, 3, 'Mưa lớn, nguy cơ lũ quét', 'Định Hóa', '', IncidentStatus.ACKNOWLEDGED, 2_705, {}],
    ['I4816', IncidentKind.INFRASTRUCTURE, 3, 'Mất điện diện rộng', 'Võ Nhai', 'Thị trấn Đình Cả', IncidentStatus.ASSIGNED, 2_300, { units: ['CAP-07'] }],
    ['I4823', IncidentKind.PUBLIC_ORDER, 3, 'Diễn tập sơ tán trường học', 'Phổ Yên', 'Trường THPT Phổ Yên', IncidentStatus.OPENED, 25, { exercise: true }],
    ['I4812', IncidentKind.TRAFFIC, 2, 'Ùn tắc tại nút giao', 'Quan Triều', 'Ngã tư Quang Trung', IncidentStatus.ACKNOWLEDGED, 3_400, {}],
    ['I4809', IncidentKind.POLLUTION, 2, 'Mùi khét từ khu công nghiệp', 'Sông Công', 'KCN Sông Công I', IncidentStatus.ASSIGNED, 4_900, { units: ['CAP-11'] }],
    ['I4805', IncidentKind.DEVICE, 1, 'Camera Cầu Bến Tượng không có hình', 'Gia Sàng', 'Cầu Bến Tượng', IncidentStatus.ACKNOWLEDGED, 7_400, {}],
    ['I4801', IncidentKind.OTHER, 1, 'Cây nghiêng cạnh đường', 'Ba Bể', 'Đường vào hồ', IncidentStatus.ACKNOWLEDGED, 9_100, {}],
  ];
  for (const [id, kind, severity, summary, place, address, status, age, more] of rows) {
    const acknowledged = status !== IncidentStatus.OPENED;
    scene.incidents.set(id, create(IncidentSchema, {
      id, kind, severity, summary, status, place: at(commune(place), address, 0.004), openedAtMs: ago(age), version: 3n,
      acknowledgedAtMs: acknowledged ? ago(age - 95 - (age % 60)) : 0n, acknowledgedBy: acknowledged ? 'Trần Thị Hoa' : '',
      acknowledgeDueAtMs: acknowledged ? 0n : ago(age - 180), sources: [{ origin: { case: 'report', value: '1022' } }], ...more,
    } as never));
    for (const unitId of more.units ?? []) {
      const unit = scene.units.get(unitId);
      const incidentPlace = scene.incidents.get(id)?.place;
      if (unit && incidentPlace) {
        unit.status = id === 'I4819' ? UnitStatus.ON_SCENE : UnitStatus.EN_ROUTE;
        unit.incident = id;
        unit.position = create(PlaceSchema, { ...incidentPlace, latitudeE7: incidentPlace.latitudeE7 + 300_000, longitudeE7: incidentPlace.longitudeE7 - 250_000 + Math.round(random() * 2e5) });
      }
    }
  }

  // The landslide is passed on too late; its answer waits for a report, and a leader wants the road open by an hour.
  const landslide = scene.incidents.get('I4820')!;
  const clock = { policy: 'sat-lo', startedAtMs: ago(312), version: 1n };
  landslide.clocks = [
    { ...clock, number: 1, obligation: Obligation.FORWARD, status: ClockStatus.RUNNING, stage: ClockStage.LATE, dueAtMs: ago(12), firstDueAtMs: ago(12), told: ['truc-ban'], acknowledgedBy: 'truc-ban', acknowledgedAtMs: ago(6) },
    { ...clock, number: 2, obligation: Obligation.ANSWER, status: ClockStatus.PAUSED, stage: ClockStage.ON_TIME, pausedAtMs: ago(60), pauseReason: 'chờ đánh giá địa chất', firstDueAtMs: ago(-3_600) },
  ].map((of) => create(ClockSchema, of));
  scene.instructions.set('T7', create(InstructionSchema, {
    id: 'T7', title: 'Thông một làn xe trước 18 giờ', incident: 'I4820', adminUnit: landslide.place!.adminUnit, agency: 'Sở Xây dựng', owner: 'nam',
    status: InstructionStatus.TAKEN, givenBy: 'Lê Văn Nam', givenAtMs: ago(200), version: 2n,
    clocks: [create(ClockSchema, { number: 1, obligation: Obligation.DO_INSTRUCTION, status: ClockStatus.RUNNING, stage: ClockStage.NEARLY_LATE, startedAtMs: ago(200), dueAtMs: ago(-3000), firstDueAtMs: ago(-3000), version: 2n, acknowledgedBy: 'nam', acknowledgedAtMs: ago(30) })],
  }));

  const alarm = (entity: string, condition: string, severity: number, active: boolean, acknowledged: boolean, age: number, value: number, limit: number, more: Partial<Alarm> = {}) =>
    scene.alarms.set(`${entity}/${condition}`, create(AlarmSchema, {
      key: { entity, condition }, episode: 1, severity, active, acknowledged, place: scene.sensors.get(entity)?.place ?? scene.cameras.get(entity)?.place,
      valueMicro: micro(value), limitMicro: micro(limit), raisedAtMs: ago(age), version: 2n, occurrences: 1,
      acknowledgedBy: acknowledged ? 'Trần Thị Hoa' : '', ...more,
    } as never));
  alarm('wl-gia-bay', 'level-3', 5, true, false, 92, 27.82, 27, { incident: 'I4821' });
  alarm('wl-cho-moi', 'level-2', 4, true, false, 240, 53.34, 53, { occurrences: 4 });
  alarm('rain-dinh-hoa', 'high', 3, true, true, 2_710, 46.4, 40, { incident: 'I4815' });
  alarm('cam-03', 'no-signal', 2, true, true, 7_420, 0, 0, { incident: 'I4805' });
  alarm('wl-bac-kan', 'rate', 3, false, false, 1_500, 131.2, 0);
  alarm('cam-10', 'fault', 2, true, true, 5_000, 0, 0, { shelf: { by: 'Lê Văn Nam', reason: 'đang bảo trì', untilMs: BigInt(nowMs + 5_400_000) } as never });
  return scene;
}

/** Names of before July 2025 that callers still use. */
const FORMER: Readonly<Record<string, string[]>> = {
  'Phan Đình Phùng': ['Hoàng Văn Thụ', 'hoang van thu', 'Túc Duyên', 'tuc duyen', 'Trưng Vương'],
  'Đồng Hỷ': ['Hóa Thượng', 'hoa thuong'],
};

/** Group 0's administrative units and districts in wire form. */
export function hierarchy(scene: Scene) {
  return {
    adminUnits: scene.communes.map((c) => create(AdminUnitSchema, { code: c.code, name: c.name, parent: '19', aliases: [...(FORMER[c.label] ?? []), scene.districts.find(({ id }) => id === c.district)?.name ?? ''].filter((name) => name !== '') })),
    districts: scene.districts.map(({ id, name, nameEn }) =>
      create(DistrictSchema, {
        id, name, nameEn, group: 1, adminUnits: scene.communes.filter((c) => c.district === id).map((c) => c.code),
      }),
    ),
  };
}
