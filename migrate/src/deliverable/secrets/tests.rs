//! What is a secret and what is not, and that blocks and long lines do not matter.

use std::process::Command;

use super::*;

fn scan(text: &[u8]) -> Found {
    let mut scanner = Scanner::new();
    scanner.feed(text);
    scanner.finish()
}

fn kinds(text: &str) -> Vec<SecretKind> {
    scan(text.as_bytes()).secrets.iter().map(|secret| secret.kind).collect()
}

#[test]
fn passwords_that_are_set() {
    let set = [
        "spring.datasource.password=s3cret!",
        "  password: hunter2   # of the test server",
        "- DB_PASSWORD=Abc12345",
        "export PGPASSWORD=hunter2",
        "#password = hunter2",
        r#"{"user": "a", "password": "hunter2"}"#,
        r#"String body = "{\"password\":\"hunter2\"}";"#,
        r#"<Resource username="a" password="hunter2"/>"#,
        r#"<property name="hibernate.connection.password">hunter2</property>"#,
        r#"<property name="password" value="hunter2"/>"#,
        "<password>hunter2</password>",
        "'password' => 'hunter2',",
        "$config['db_password'] = 'hunter2';",
        r#"const dbPass = "hunter2";"#,
        r#"password := "hunter2""#,
        "mysqldump --user=a --password=hunter2 db",
        "api_key: 9f8a7b6c5d4e3f2a",
        r#"accessToken = "eyJhbGciOi1.eyJzdWIi2.c2ln3""#,
        "DB_PASSWORD=${DB_PASSWORD:-hunter2}",
        "Mật khẩu: hunter2",
        "MẬT KHẨU = hunter2",
        "ma\u{323}\u{302}t kha\u{302}\u{309}u: hunter2",
        "Tài khoản admin / mật khẩu: Abc@12345 (máy chủ thử)",
        "client_secret = abcDEF123",
    ];
    for text in set {
        assert_eq!(kinds(text), [SecretKind::Password], "{text}");
    }
}

#[test]
fn passwords_that_are_only_named() {
    let named = [
        "password=",
        "password: ''",
        "password=${DB_PASSWORD}",
        "password=${DB_PASSWORD:?not set}",
        "password: <password>",
        "password: changeme",
        "password = CHANGE_ME",
        "password=xxxx",
        "password=********",
        r#""password": "null""#,
        "password: null",
        "password: {{ vault_db_password }}",
        "password=%DB_PASSWORD%",
        "password=@db.password@",
        "password: !vault",
        "password: ENC(h4ckm3)",
        "password=/run/secrets/db",
        "const password = process.env.DB_PASSWORD;",
        r#"password = System.getenv("DB_PASSWORD")"#,
        r#"password = os.environ["DB_PASSWORD"]"#,
        r#"password = request.getParameter("password");"#,
        r#"String password = request.getParameter("password");"#,
        "password = get_password(user)",
        "this.password = password;",
        "self.password = other.password",
        "password: string;",
        "password: String,",
        "  password: Password,",
        "if (password == \"hunter2x\") {",
        "password != other1",
        "password += x1",
        "secret::Token",
        r#""password": "Mật khẩu mới""#,
        r#""password": "Please enter your password""#,
        r#"<input type="password" name="password" value="">"#,
        "<label>Password: </label>",
        "proxy=socks5h://<username>:<password>@proxy-host1",
        "Password: must have eight characters",
        r#"PARAM_PASSWORD = "user.password""#,
        r#"token: "identifier""#,
        "passwordMinLength=12",
        "bypass=abc12345",
        "password_encoder = bcrypt12",
        "tokens: 4096",
        r#"var t="?token="+x1;"#,
        "e.password=t.value,n.token=!0,r.pwd=a1&&b",
    ];
    for text in named {
        assert_eq!(kinds(text), [], "{text}");
    }
}

#[test]
fn connection_strings() {
    let set = [
        "url=jdbc:postgresql://db:5432/vax?user=vax&password=hunter2",
        "postgres://vax:hunter2@db/vax",
        r#"connect("amqp://vax:hunter2@mq:5672")"#,
        r#""Server=db;Database=vax;User Id=vax;Password=hunter2;""#,
        "dsn = host=db user=vax password=hunter2 dbname=vax",
    ];
    for text in set {
        assert_eq!(kinds(text), [SecretKind::ConnectionPassword], "{text}");
    }
    let named = [
        "postgres://vax@db/vax",
        "postgres://user:password@localhost/db",
        "postgres://vax:${PGPASSWORD}@db/vax",
        "https://example.org/a:b@c",
        "http://db:5432/x",
        "jdbc:postgresql://db/vax?user=vax&password=${P}",
    ];
    for text in named {
        assert_eq!(kinds(text), [], "{text}");
    }
}

#[test]
fn keys_made_by_the_real_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
    };
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "ssh"]);
    run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "pem"]);
    run("openssl", &["ecparam", "-name", "prime256v1", "-genkey", "-out", "ec"]);
    for name in ["ssh", "pem"] {
        let text = std::fs::read(path(name)).unwrap();
        let expected = [Secret { line: 1, kind: SecretKind::PrivateKey }];
        assert_eq!(scan(&text).secrets, expected, "{name}");
        // In one line, as configuration of cloud services has them.
        let text = String::from_utf8(text).unwrap();
        let json = format!("{{\"key\": \"{}\"}}", text.replace('\n', "\\n"));
        assert_eq!(kinds(&json), [SecretKind::PrivateKey], "{name}");
        // Within a binary file only keys are looked for.
        let binary = [b"\0\0\npassword=hunter2\n", text.as_bytes()].concat();
        let expected = [Secret { line: 3, kind: SecretKind::PrivateKey }];
        assert_eq!(scan(&binary).secrets, expected, "{name}");
    }
    // Parameters stand before the key.
    let ec = scan(&std::fs::read(path("ec")).unwrap()).secrets;
    assert_eq!(ec, [Secret { line: 4, kind: SecretKind::PrivateKey }]);
    assert_eq!(scan(&std::fs::read(path("ssh.pub")).unwrap()), Found::default());
}

#[test]
fn other_known_forms() {
    let age = format!("AGE-SECRET-KEY-1{}", "QPZRY9X8GF".repeat(6));
    assert_eq!(kinds(&age), [SecretKind::AgeIdentity]);
    assert_eq!(kinds("PuTTY-User-Key-File-3: ssh-ed25519\r\n"), [SecretKind::PrivateKey]);
    let pgp = format!(
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{}\n",
        "lIYEZ0abcdEFGH12".repeat(4)
    );
    assert_eq!(kinds(&pgp), [SecretKind::PrivateKey]);
    assert_eq!(kinds("id: AKIAQ3EGRJ7WX2V4ZK5T"), [SecretKind::AwsKeyId]);
    assert_eq!(kinds("id: AKIAIOSFODNN7EXAMPLE"), []);
    assert_eq!(kinds("XAKIAQ3EGRJ7WX2V4ZK5T AKIAQ3EGRJ7WX2V4ZK5TT"), []);
    // Code that reads keys.
    let code = "if text.startswith('-----BEGIN PRIVATE KEY-----'):\n    text = strip(text)\n";
    assert_eq!(kinds(code), []);
}

#[test]
fn blocks_and_long_lines_do_not_matter() {
    let filler = "x1,".repeat(50_000);
    let text = format!(
        "a=1\npassword=hunter2\n{filler}{{\"secret\":\"hunter22\"}}{filler}\n\
         postgres://vax:hunter2@db/vax\n{filler}{filler}\n-----BEGIN RSA PRIVATE KEY-----\n{}\n",
        "MIIEpAIBAAKCAQEA0Z3v".repeat(3)
    );
    let expected = [
        Secret { line: 2, kind: SecretKind::Password },
        Secret { line: 3, kind: SecretKind::Password },
        Secret { line: 4, kind: SecretKind::ConnectionPassword },
        Secret { line: 6, kind: SecretKind::PrivateKey },
    ];
    for size in [1, 7, 4096, 65_536, 100_001, usize::MAX] {
        let mut scanner = Scanner::new();
        for block in text.as_bytes().chunks(size.min(text.len())) {
            scanner.feed(block);
        }
        assert_eq!(scanner.finish().secrets, expected, "blocks of {size}");
    }
}

/// Wherever a secret lies in a long line, it is found, and found once.
#[test]
fn a_secret_on_the_seam_of_two_parts() {
    for before in (57_000..66_000).step_by(61) {
        let text =
            format!("{} {{\"secret\":\"hunter22\"}} {}", "y".repeat(before), "z".repeat(9000));
        let expected = [Secret { line: 1, kind: SecretKind::Password }];
        assert_eq!(scan(text.as_bytes()).secrets, expected, "after {before} bytes");
    }
}

#[test]
fn findings_are_bounded() {
    let found = scan("password=hunter2\n".repeat(1500).as_bytes());
    assert_eq!((found.secrets.len(), found.more), (1000, 500));
    assert_eq!(found.secrets.last().unwrap().line, 1000);
}

#[test]
fn files_by_name() {
    let secret = [
        ("conf/keystore.p12", SecretKind::KeyStore),
        ("A.JKS", SecretKind::KeyStore),
        ("home/.ssh/id_rsa", SecretKind::PrivateKey),
        (".env", SecretKind::PasswordFile),
        ("app/.env.production", SecretKind::PasswordFile),
        ("etc/.pgpass", SecretKind::PasswordFile),
        ("x.ppk", SecretKind::PrivateKey),
    ];
    for (name, kind) in secret {
        assert_eq!(by_name(name.as_bytes()), Some(kind), "{name}");
    }
    for name in ["id_rsa.pub", ".env.example", "env", "p12", "a.jks/readme", "", "x.pem"] {
        assert_eq!(by_name(name.as_bytes()), None, "{name}");
    }
}

/// Whether two parts of a long line are looked at together must not depend on how it was read.
#[test]
fn a_long_line_is_the_same_in_any_blocks() {
    let mut line = vec![b'x'; 130 << 10];
    let mut put = |at: usize, text: &[u8]| {
        line.get_mut(at..at + text.len()).unwrap().copy_from_slice(text);
    };
    put(118 << 10, b" server=db;");
    put(125 << 10, b";Password=Hunter22;");
    let whole = scan(&line);
    for size in [1, 7, 4096, 64 << 10] {
        let mut scanner = Scanner::new();
        line.chunks(size).for_each(|block| scanner.feed(block));
        assert_eq!(scanner.finish(), whole, "blocks of {size}");
    }
}

/// A key is known by a later line than the one it is told on.
#[test]
fn findings_are_in_the_order_of_the_file_and_told_once() {
    let key = "-----BEGIN PRIVATE KEY-----";
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    let between = scan(format!("{key}\npassword=Hunter22x!\n{body}\n").as_bytes());
    let (private_key, password) = (SecretKind::PrivateKey, SecretKind::Password);
    let secrets = [Secret { line: 1, kind: private_key }, Secret { line: 2, kind: password }];
    assert_eq!(between.secrets, secrets);
    let twice = format!("{key}{body}{}{key}\n{body}\n", " ".repeat(70 << 10));
    assert_eq!(scan(twice.as_bytes()).secrets, [Secret { line: 1, kind: private_key }]);
}

/// Lines that are full of what secrets begin with must not take longer than others.
#[test]
fn hostile_lines_take_no_longer() {
    let patterns = [
        "AKIA",
        " AKIA",
        "AGE-SECRET-KEY-",
        "a://",
        "-----BEGIN PRIVATE KEY-----",
        "password=",
        "\"password\":\"",
        "=\"",
        "<password>",
        "password",
        "\0",
    ];
    for pattern in patterns {
        let started = std::time::Instant::now();
        let hostile = pattern.repeat((1 << 15) / pattern.len());
        let before = "#".repeat(1 << 15);
        scan(format!("{before}{hostile}").repeat(4).as_bytes());
        scan(pattern.repeat((1 << 18) / pattern.len()).as_bytes());
        let seconds = started.elapsed().as_secs();
        assert!(seconds < 5, "{seconds} seconds for 256 KiB of {pattern}");
    }
}
