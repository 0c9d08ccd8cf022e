import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { communesOf } from './commune';
import { Gazetteer, type NamedUnit } from './gazetteer';

const features = (name: string) => (JSON.parse(readFileSync(new URL(`../../public/map/${name}.geojson`, import.meta.url), 'utf8')) as GeoJSON.FeatureCollection).features;
const shapes = features('communes');
const communes = communesOf(shapes);
const codeOf = (name: string) => communes.find((commune) => commune.name.endsWith(name))!.code;
const unit = (name: string, aliases: string[]): NamedUnit => ({ code: codeOf(name), name, nameEn: '', parent: '19', aliases, isFormer: false });
const units: NamedUnit[] = [
  unit('Phan Đình Phùng', ['Hoàng Văn Thụ', 'hoang van thu', 'Túc Duyên', 'Thành phố Thái Nguyên', 'thanh pho thai nguyen']),
  unit('Ngân Sơn', ['Vân Tùng', 'Huyện Ngân Sơn']),
  unit('Nà Phặc', ['Thị trấn Nà Phặc', 'Huyện Ngân Sơn', 'huyen ngan son']),
  { code: '05464', name: 'Xã Hóa Thượng', nameEn: '', parent: codeOf('Đồng Hỷ'), aliases: [], isFormer: true },
];
const gazetteer = new Gazetteer(communes, units, features('places'), shapes);
const found = (query: string) => gazetteer.search(query, 6).map(({ commune, as }) => (as === '' ? commune : `${commune} < ${as}`));

test('with marks, without, shortened, by initials', () => {
  for (const query of ['Phan Đình Phùng', 'phan dinh phung', 'phường phan đình', 'p. phan dinh phung', 'pdp', 'phan dinh p']) {
    expect(found(query)[0], query).toBe('Phường Phan Đình Phùng');
  }
  expect(found('')).toEqual([]);
  expect(found('không có đâu như thế')).toEqual([]);
});

test('a syllable with marks is not another one', () => {
  expect(found('phú').every((name) => /Phú/.test(name))).toBe(true);
  expect(found('phu').length).toBeGreaterThanOrEqual(found('phú').length);
});

test('what was abolished is found by its old name, and says so', () => {
  expect(found('hoang van thu')[0]).toBe('Phường Phan Đình Phùng < Hoàng Văn Thụ');
  expect(found('Túc Duyên')).toEqual(['Phường Phan Đình Phùng < Túc Duyên']);
  expect(found('hóa thượng')[0]).toMatch(/Đồng Hỷ < (Xã )?Hóa Thượng/);
});

test('an old district is all communes of it, its namesake first', () => {
  expect(found('huyện ngân sơn').slice(0, 2)).toEqual(['Xã Ngân Sơn', 'Xã Nà Phặc < Huyện Ngân Sơn']);
});

test('a running text names its place, and where there', () => {
  expect(gazetteer.mention('cháy nhà số 12 phan đình phùng, có người mắc kẹt')).toMatchObject({ spot: { commune: 'Phường Phan Đình Phùng' }, address: 'số 12' });
  expect(gazetteer.mention('chay nha o cho thai phuong phan dinh phung')).toMatchObject({ spot: { commune: 'Phường Phan Đình Phùng' }, address: 'cho thai' });
  expect(gazetteer.mention('tai nạn gần cầu Gia Bảy, Túc Duyên')).toMatchObject({ spot: { as: 'Túc Duyên' } });
  expect(gazetteer.mention('cháy nhà')).toBeUndefined();
  // With marks "ban hang" is no commune whose name has others.
  expect(gazetteer.mention('người bán hàng bị ngã')).toBeUndefined();
});
