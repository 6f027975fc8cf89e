//! The history of a part's source code: a year of commits on two branches, one of them merged.

use super::product::Product;
use super::repository::{Change, Commit};
use super::source_file::{
    build_script, installation_guide, project_file, readme, record, settings, write,
};
use super::{DAY, invented_password};
use crate::rehearse::platform::dice::Dice;

/// 1 March 2021, 08:00 in Hà Nội: before the first vaccination.
const FIRST_COMMIT: i64 = 1_614_560_400;
/// From one commit to the next, in days, at most.
const MOST_DAYS: u32 = 36;

const MAIN: &str = "main";
const DEVELOP: &str = "develop";

const AUTHORS: [&str; 4] = [
    "Trần Thị Minh Châu <chau.ttm@vendor.example>",
    "Lê Quốc Bảo <bao.lq@vendor.example>",
    "Phạm Gia Hân <han.pg@vendor.example>",
    "Nguyen Duc Anh <anh.nd@vendor.example>",
];

/// The file that never should have been committed.
const PASSWORD_FILE: &str = ".env";

/// A history that is being written.
struct HistoryWriter<'a> {
    dice: &'a mut Dice,
    at: i64,
    commits: Vec<Commit>,
}

impl HistoryWriter<'_> {
    fn commit(&mut self, message: &str, changes: Vec<Change>) -> &mut Commit {
        self.at += DAY + i64::from(self.dice.below((MOST_DAYS - 1) * 86_400));
        self.commits.push(Commit {
            branch: MAIN,
            from: None,
            merge: None,
            author: self.dice.text(&AUTHORS),
            at: self.at,
            message: format!("{message}\n"),
            changes,
            tag: None,
        });
        let last = self.commits.len() - 1;
        &mut self.commits[last]
    }
}

/// Everything that was ever committed.
pub(super) fn history(product: &Product, dice: &mut Dice) -> Vec<Commit> {
    let mut history = HistoryWriter { dice, at: FIRST_COMMIT, commits: Vec::new() };
    begin(product, &mut history);
    develop_and_release(product, &mut history);
    history.commits
}

/// Up to the first version.
fn begin(product: &Product, history: &mut HistoryWriter<'_>) {
    let [first, second, third, _] = &product.records;
    let [version, ..] = product.versions;
    let project = vec![
        write("README.md", readme(product, version)),
        write(".gitignore", "target/\nnode_modules/\n*.log\n".to_owned()),
        build_script(product),
    ];
    history.commit("Khởi tạo dự án", project);
    history.commit("Thêm tệp biên dịch", vec![project_file(product, version)]);
    history.commit(&format!("Thêm: {}", first.name_vi), record(product, first, 1));
    history.commit(&format!("Thêm: {}", second.name_vi), record(product, second, 2));
    history.commit("Cấu hình máy chủ", vec![write("config/application.yml", settings(product))]);
    if product.commits_password {
        let password = invented_password(history.dice);
        let text = format!("DB_HOST=10.20.0.15\nDB_USER=portal\nDB_PASSWORD={password}\n");
        history.commit("Cấu hình chạy thử ở máy chủ kiểm thử", vec![write(PASSWORD_FILE, text)]);
    } else {
        let text = "root = true\n\n[*]\nindent_size = 4\nend_of_line = lf\n".to_owned();
        history.commit("Thống nhất cách trình bày mã nguồn", vec![write(".editorconfig", text)]);
    }
    history.commit(&format!("Thêm: {}", third.name_vi), record(product, third, 3)).tag =
        Some((format!("v{version}"), Some(format!("Phiên bản {version}\n"))));
}

/// The other branch, its merge, and what is on it that never was released.
fn develop_and_release(product: &Product, history: &mut HistoryWriter<'_>) {
    let [_, _, third, fourth] = &product.records;
    let [_, second_version, last_version] = product.versions;
    let guide = write("docs/Hướng dẫn cài đặt.md", installation_guide(product));
    history.commit("Viết hướng dẫn cài đặt", vec![guide]);
    let mut tidied = vec![write(".gitignore", "target/\nnode_modules/\n*.log\n.env\n".to_owned())];
    if product.commits_password {
        tidied.push(Change::Remove { path: PASSWORD_FILE.to_owned() });
    }
    history.commit("Bỏ các tệp không thuộc mã nguồn", tidied);

    let feature = record(product, fourth, 4);
    let index = vec![write(
        &format!("db/migration/V5__index_{}.sql", third.table),
        format!("CREATE INDEX ON {} (updated_at);\n", third.table),
    )];
    let begun = history.commit(&format!("Thêm: {}", fourth.name_vi), feature.clone());
    (begun.branch, begun.from) = (DEVELOP, Some(MAIN));
    history.commit("Tăng tốc tra cứu", index.clone()).branch = DEVELOP;

    let hotfix = vec![write("README.md", readme(product, second_version))];
    history.commit("Sửa lỗi hiển thị ngày sinh", hotfix).tag =
        Some((format!("v{second_version}"), None));
    let merged = history.commit("Hợp nhất nhánh develop", [feature, index].concat());
    merged.merge = Some(DEVELOP);
    let release = vec![
        write("README.md", readme(product, last_version)),
        project_file(product, last_version),
    ];
    history.commit(&format!("Phát hành {last_version}"), release).tag =
        Some((format!("v{last_version}"), Some(format!("Phiên bản {last_version}\n"))));
    let note = format!("# {}\n\nĐang làm: xuất dữ liệu để bàn giao.\n", product.name_vi);
    history.commit("Bắt đầu phần xuất dữ liệu", vec![write("docs/Xuất dữ liệu.md", note)]).branch =
        DEVELOP;
}
