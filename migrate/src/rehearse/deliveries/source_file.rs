//! Files of a part's source code: small, and such as they are in that language.

use super::product::{Language, Product, Record};
use super::repository::Change;

/// A text file.
pub(super) fn write(path: &str, text: String) -> Change {
    Change::Write { path: path.to_owned(), text, is_program: false }
}

/// The class and the table of a record.
pub(super) fn record(product: &Product, record: &Record, number: u8) -> Vec<Change> {
    let Record { class, table, name_vi } = record;
    let id = product.id;
    let class_file = match product.language {
        Language::Java => write(
            &format!("src/main/java/vn/example/tiemchung/{id}/{class}.java"),
            format!(
                "package vn.example.tiemchung.{id};\n\nimport java.time.Instant;\n\n\
                 /** {name_vi}. */\npublic record {class}(long id, String code, Instant updatedAt) \
                 {{\n    public boolean isNewerThan({class} other) {{\n        \
                 return updatedAt.isAfter(other.updatedAt());\n    }}\n}}\n"
            ),
        ),
        Language::TypeScript => write(
            &format!("src/{class}.ts"),
            format!(
                "/** {name_vi}. */\nexport interface {class} {{\n  id: number;\n  \
                 code: string;\n  updatedAt: string;\n}}\n\n\
                 export function newer(one: {class}, other: {class}): {class} {{\n  \
                 return one.updatedAt > other.updatedAt ? one : other;\n}}\n"
            ),
        ),
    };
    let table_file = write(
        &format!("db/migration/V{number}__create_{table}.sql"),
        format!(
            "-- {name_vi}\nCREATE TABLE {table} (\n    id bigint PRIMARY KEY,\n    \
             code varchar(32) NOT NULL,\n    updated_at timestamptz NOT NULL\n);\n"
        ),
    );
    vec![class_file, table_file]
}

/// What the build begins with.
pub(super) fn project_file(product: &Product, version: &str) -> Change {
    let id = product.id;
    match product.language {
        Language::Java => write(
            "pom.xml",
            format!(
                "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  \
                 <modelVersion>4.0.0</modelVersion>\n  <groupId>vn.example.tiemchung</groupId>\n  \
                 <artifactId>{id}</artifactId>\n  <version>{version}</version>\n</project>\n"
            ),
        ),
        Language::TypeScript => write(
            "package.json",
            format!(
                "{{\n  \"name\": \"{id}\",\n  \"version\": \"{version}\",\n  \
                 \"private\": true,\n  \"scripts\": {{ \"build\": \"tsc\" }}\n}}\n"
            ),
        ),
    }
}

/// A script with its bit for running set.
pub(super) fn build_script(product: &Product) -> Change {
    let text = match product.language {
        Language::Java => "#!/bin/sh\nset -eu\nmvn --batch-mode package\n",
        Language::TypeScript => "#!/bin/sh\nset -eu\nnpm ci\nnpm run build\n",
    };
    Change::Write { path: "build.sh".to_owned(), text: text.to_owned(), is_program: true }
}

/// Settings as they should be: the password comes from outside.
pub(super) fn settings(product: &Product) -> String {
    let id = product.id;
    format!(
        "server:\n  port: 8080\ndatasource:\n  url: jdbc:postgresql://db/{id}\n  \
         username: {id}\n  password: ${{DB_PASSWORD}}\n"
    )
}

/// The first page.
pub(super) fn readme(product: &Product, version: &str) -> String {
    format!(
        "# {}\n\nPhiên bản {version}. Thuộc Nền tảng Quản lý tiêm chủng COVID-19.\n\n\
         ## Biên dịch\n\n    ./build.sh\n\n\
         ## Cơ sở dữ liệu\n\nChạy lần lượt các tệp trong `db/migration/`.\n",
        product.name_vi
    )
}

/// A page for those who install it.
pub(super) fn installation_guide(product: &Product) -> String {
    format!(
        "# Hướng dẫn cài đặt: {}\n\n1. Chuẩn bị máy chủ PostgreSQL.\n2. Đặt biến môi trường \
         `DB_PASSWORD`.\n3. Chạy `./build.sh`, sau đó chạy các tệp SQL.\n",
        product.name_vi
    )
}
