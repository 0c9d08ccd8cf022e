/** Words of rights beyond a role, and of the second factor. */
export const viAccess = {
  heading: 'Tài khoản và quyền',
  offDuty: 'Ngoài ca trực: không reo',
  actsFor: (person: string, until: string) => `Thay mặt ${person} đến ${until}`,
  glassUntil: (until: string) => `Quyền khẩn cấp đến ${until}`,
  failed: 'Chưa làm được. Kiểm tra đường truyền rồi thử lại.',
  factor: {
    heading: 'Xác thực hai bước',
    none: 'Chưa bật. Khi bật, mỗi lần đăng nhập cần thêm mã trong ứng dụng xác thực.',
    on: (left: string) => `Đang bật. Còn ${left} mã khôi phục.`,
    password: 'Mật khẩu của bạn',
    choose: 'Bật',
    open: 'Mở trong ứng dụng xác thực',
    secret: 'Hoặc nhập khóa này vào ứng dụng:',
    recovery: 'Ghi lại các mã khôi phục, mỗi mã dùng một lần khi mất điện thoại. Chúng không hiện lại nữa.',
    code: 'Mã trong ứng dụng',
    confirm: 'Xác nhận',
    drop: 'Tắt',
    refused: 'Mật khẩu hoặc mã không đúng.',
  },
  delegation: {
    heading: 'Ủy quyền',
    none: 'Không ai ủy quyền cho bạn lúc này.',
    from: (giver: string, until: string) => `${giver} ủy quyền đến ${until}`,
    take: 'Thay mặt',
    layDown: 'Thôi thay mặt',
    deputy: 'Người được ủy quyền (tên đăng nhập)',
    hours: 'Số giờ',
    reason: 'Lý do',
    give: 'Ủy quyền cho người này',
    given: (deputy: string, until: string) => `Đã ủy quyền cho ${deputy} đến ${until}`,
    revoke: 'Thu hồi',
  },
  glass: {
    heading: 'Quyền khẩn cấp',
    note: 'Thấy và xử lý toàn tỉnh trong 30 phút. Lý do được ghi vào nhật ký và báo cho quản trị.',
    reason: 'Lý do khẩn cấp',
    open: 'Mở quyền khẩn cấp',
    end: 'Kết thúc',
  },
};

export type AccessDict = typeof viAccess;
