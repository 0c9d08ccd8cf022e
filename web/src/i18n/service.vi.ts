/** Words of devices that are out of service, and of alarms that are suppressed by design. */
export const viService = {
  takeOut: 'Ngừng dùng',
  giveBack: 'Dùng lại',
  whole: 'Toàn bộ thiết bị',
  entry: (what: string, time: string, by: string) => `${what} · đến ${time} · ${by}`,
  question: 'Ngừng dùng thiết bị',
  hint: 'Cảnh báo vẫn được ghi và đếm nhưng không gọi ai. Hết hạn thì tự dùng lại. Tên người và lý do được ghi vào nhật ký.',
  what: 'Phần ngừng dùng',
  until: 'Ngừng trong',
  lasts: (hours: number) => (hours < 24 ? `${hours} giờ` : `${hours / 24} ngày`),
  count: (out: string, suppressed: string) => `${out} ngừng dùng · ${suppressed} ẩn theo thiết kế`,
  heading: 'Cảnh báo không gọi ai',
  out: (count: string) => `Ngừng dùng: ${count}`,
  suppressed: (count: string) => `Ẩn theo thiết kế: ${count}`,
  rule: (condition: string, cause: string) => `Khi ${cause}: không gọi vì ${condition}.`,
  because: (condition: string) => `vì cùng trạm đang ${condition}`,
};
