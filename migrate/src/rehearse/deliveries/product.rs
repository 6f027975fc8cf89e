//! The four parts of the platform, as their source code and documents speak of them.

/// What a part is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Java,
    TypeScript,
}

/// A thing the program keeps: a class and a table.
pub(super) struct Record {
    pub(super) class: &'static str,
    pub(super) table: &'static str,
    pub(super) name_vi: &'static str,
}

/// One part of the platform.
pub(super) struct Product {
    /// As in `handover.toml`.
    pub(super) id: &'static str,
    pub(super) name_vi: &'static str,
    pub(super) language: Language,
    /// Three versions, oldest first; the last one is delivered.
    pub(super) versions: [&'static str; 3],
    pub(super) records: [Record; 4],
    /// Somebody committed a file with a password, and somebody removed it later.
    pub(super) commits_password: bool,
}

impl Product {
    /// The version that was delivered.
    pub(super) fn version(&self) -> &'static str {
        let [.., version] = self.versions;
        version
    }
}

const fn record(class: &'static str, table: &'static str, name_vi: &'static str) -> Record {
    Record { class, table, name_vi }
}

/// Citizens look things up and complain here.
pub(super) const PORTAL: Product = Product {
    id: "portal",
    name_vi: "Cổng công khai thông tin tiêm chủng",
    language: Language::Java,
    versions: ["1.0.0", "1.3.0", "1.4.2"],
    records: [
        record("Registration", "registrations", "Đăng ký tiêm chủng"),
        record("CertificateLookup", "certificate_lookups", "Tra cứu chứng nhận tiêm"),
        record("Feedback", "feedback", "Phản ánh của người dân"),
        record("OneTimeCode", "one_time_codes", "Mã xác thực một lần"),
    ],
    commits_password: true,
};

/// Vaccination sites enter what they do here.
pub(super) const SUPPORT: Product = Product {
    id: "support",
    name_vi: "Hệ thống hỗ trợ công tác tiêm chủng",
    language: Language::Java,
    versions: ["1.0.0", "1.9.5", "2.0.0"],
    records: [
        record("VaccinationSession", "vaccination_sessions", "Buổi tiêm"),
        record("Subject", "subjects", "Đối tượng tiêm"),
        record("Dose", "doses", "Mũi tiêm"),
        record("VaccineLot", "vaccine_lots", "Lô vắc xin"),
    ],
    commits_password: false,
};

/// The steering committee looks at it.
pub(super) const MCC: Product = Product {
    id: "mcc",
    name_vi: "Hệ thống phục vụ công tác chỉ đạo điều hành (MCC)",
    language: Language::TypeScript,
    versions: ["1.0.0", "1.1.0", "1.2.0"],
    records: [
        record("ProvinceAccount", "province_accounts", "Tài khoản của tỉnh"),
        record("DailyReport", "daily_reports", "Báo cáo ngày"),
        record("SupplyPlan", "supply_plans", "Kế hoạch phân bổ vắc xin"),
        record("CoverageMap", "coverage_maps", "Bản đồ bao phủ mũi tiêm"),
    ],
    commits_password: false,
};

/// Citizens' phones run it.
pub(super) const APP: Product = Product {
    id: "app",
    name_vi: "Ứng dụng Sổ Sức khỏe điện tử",
    language: Language::TypeScript,
    versions: ["3.0.0", "3.0.4", "3.1.0"],
    records: [
        record("HealthBook", "health_books", "Sổ sức khỏe"),
        record("FamilyMember", "family_members", "Người thân"),
        record("VaccinePassport", "vaccine_passports", "Hộ chiếu vắc xin"),
        record("Reminder", "reminders", "Nhắc lịch tiêm"),
    ],
    commits_password: false,
};
