/** What follows if nobody acts on an alarm, what to do first, and within how many minutes. */
export interface ResponseWords {
  consequence: string;
  action: string;
  minutes: number;
}

/** Words of what to do about an alarm, by its condition. */
export const viResponse = {
  heading: 'Cần làm gì',
  consequence: 'Nếu bỏ qua',
  action: 'Làm trước',
  within: (minutes: string) => `trong ${minutes} phút`,
  of: {
    high: { consequence: 'Mức đang vượt ngưỡng có thể gây ngập, sạt lở hoặc hại sức khỏe quanh trạm.', action: 'Xem diễn biến và camera gần; gọi xã xác nhận; mở hoặc gắn sự cố.', minutes: 5 },
    low: { consequence: 'Mức quá thấp: thiếu nước, hoặc cảm biến bị lệch.', action: 'So với trạm bên cạnh; nếu lệch một mình thì báo bảo trì.', minutes: 30 },
    'level-1': { consequence: 'Bãi bồi, đường thấp ven sông bắt đầu ngập.', action: 'Báo xã ven sông; chuẩn bị lực lượng và vật tư.', minutes: 15 },
    'level-2': { consequence: 'Nước vào vườn, nhà thấp; đê bị đe dọa.', action: 'Báo ban chỉ huy; cử người canh đê; chuẩn bị sơ tán nơi thấp.', minutes: 10 },
    'level-3': { consequence: 'Ngập sâu, vỡ đê, người bị nước vây.', action: 'Mở sự cố; lệnh sơ tán; điều xuồng và cứu nạn; soạn cảnh báo cho dân.', minutes: 3 },
    rate: { consequence: 'Nước lên nhanh: lũ quét có thể đến trước khi chạm ngưỡng.', action: 'Gọi thượng lưu và xã; xem camera; chuẩn bị cảnh báo.', minutes: 5 },
    silence: { consequence: 'Không thấy được nơi này: số đang hiện đã cũ.', action: 'Xem trạm và camera bên cạnh; hỏi xã; báo bảo trì.', minutes: 15 },
    fault: { consequence: 'Số đo của thiết bị không còn tin được.', action: 'Đừng dựa vào số này; báo bảo trì; tạm ẩn có lý do nếu đang sửa.', minutes: 30 },
    'no-signal': { consequence: 'Không còn nhìn thấy nơi này.', action: 'Dùng camera khác gần đó; báo bảo trì.', minutes: 30 },
    flood: { consequence: 'Cảnh báo quan trọng bị chìm giữa nhiều cảnh báo khác.', action: 'Làm việc theo nhóm, mức Khẩn cấp trước; gọi thêm người trực.', minutes: 5 },
    unusual: { consequence: 'Có thể là dấu hiệu sớm, cũng có thể là thiết bị hỏng.', action: 'Xem biểu đồ và trạm bên cạnh rồi quyết.', minutes: 30 },
    forecast: { consequence: 'Mức có thể vượt ngưỡng vào lúc đã nêu.', action: 'Báo trước cho xã; đặt lịch xem lại; chuẩn bị lực lượng.', minutes: 15 },
    smoke: { consequence: 'Cháy lan, người mắc kẹt.', action: 'Xem camera; gọi 114; mở sự cố và điều lực lượng.', minutes: 1 },
    other: { consequence: 'Điều kiện do đơn vị đặt đang đúng.', action: 'Xem hồ sơ thiết bị và hỏi đơn vị quản lý.', minutes: 15 },
  } as Readonly<Record<string, ResponseWords>>,
};
