import { expect, test } from 'vitest';
import { adviseByRules } from './triage';

test.each([
  ['cháy nhà ở Phan Đình Phùng', 'fire', 4],
  ['chay nha o phan dinh phung', 'fire', 4],
  ['Cháy kho, có hai người mắc kẹt bên trong', 'fire', 5],
  ['tai nạn xe máy, một người bị thương', 'traffic', 4],
  ['co nguoi bat tinh, goi cap cuu', 'medical', 5],
  ['nước vào nhà, còn người già chưa ra được', 'flood', 5],
  ['ổ gà lớn trước cổng trường', 'infrastructure', 2],
  ['hai thanh niên cầm dao đánh nhau', 'public-order', 4],
  ['there is a fire in the kitchen, two people trapped', 'fire', 5],
  ['rác chất đống đầu ngõ', 'pollution', 1],
] as const)('%s', (text, kind, severity) => {
  expect(adviseByRules(text)).toMatchObject({ kind, severity });
});

test('marks tell words apart where the writer sets them, and neighbours where not', () => {
  expect(adviseByRules('nước chảy qua đường, cây đổ')).toMatchObject({ kind: 'infrastructure' });
  expect(adviseByRules('xe chạy nhanh')).toBeUndefined();
  expect(adviseByRules('nguoi do bo chay, mat trom xe')).toMatchObject({ kind: 'public-order', severity: 3 });
  expect(adviseByRules('bi chay mau nhieu')).toMatchObject({ kind: 'medical', severity: 4 });
});

test('what is denied is not there, and what is over is less', () => {
  expect(adviseByRules('cháy bãi cỏ, không có người mắc kẹt')).toMatchObject({ kind: 'fire', severity: 4 });
  expect(adviseByRules('va chạm nhẹ, không ai bị thương')).toMatchObject({ kind: 'traffic', severity: 3 });
  expect(adviseByRules('cháy xe máy, đã dập')).toMatchObject({ kind: 'fire', severity: 3 });
});

test('it says which words said so, as they were written', () => {
  expect(adviseByRules('CHÁY nhà, hai người Mắc Kẹt')?.reasons).toEqual(['CHÁY', 'Mắc Kẹt']);
  expect(adviseByRules('chợ cháy, cháy chợ Thái')?.reasons).toEqual(['cháy chợ']);
});

test.each([
  ['cháy nhà ở Phan Đình Phùng', 'unsure'],
  // "Cháy chợ" and "cháy" are the same words.
  ['cháy chợ Thái', 'unsure'],
  ['xe tai lat km 9 yen trach', 'unsure'],
  // What makes it less does not say what it is.
  ['cháy xe máy, đã dập', 'unsure'],
  // What somebody suffers says nothing of its cause.
  ['tai nạn xe máy, một người bị thương', 'unsure'],
  ['cháy kho, khói đen', 'fairly'],
  ['Cháy kho, có hai người mắc kẹt bên trong', 'fairly'],
  ['cháy bãi cỏ, không có người mắc kẹt', 'unsure'],
  ['hai thanh niên cầm dao đánh nhau', 'fairly'],
] as const)('several phrases that agree make it fairly sure, one alone does not: %s', (text, sure) => {
  expect(adviseByRules(text)?.sure).toBe(sure);
});

test('nothing known, nothing said', () => {
  expect(adviseByRules('')).toBeUndefined();
  expect(adviseByRules('alo alo nghe không ạ')).toBeUndefined();
});
