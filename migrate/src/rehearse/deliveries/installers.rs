//! What is installed: archives with programs in them, and the vendor's checksums.

use std::path::Path;

use anyhow::Result;
use handover_schemas::digest::Digest;
use md5::{Digest as _, Md5};

use super::archive::{Member, tar_gz, zip};
use super::invented_password;
use super::product::Product;
use super::tree::write_file;
use crate::rehearse::platform::dice::Dice;

/// Bytes of a program. They are as good as random: no archive gets them smaller.
const PROGRAM_BYTES: usize = 96 * 1024;

/// A tarball whose configuration has a password in clear text, a script beside it, SHA-256 of both.
pub(super) fn write_portal(dir: &Path, product: &Product, dice: &mut Dice) -> Result<()> {
    let folder = format!("portal-{}", product.version());
    let settings = format!(
        "server:\n  port: 8443\ndatasource:\n  url: jdbc:postgresql://10.20.0.15:5432/portal\n  \
         username: portal\n  password: {}\n",
        invented_password(dice)
    );
    let tarball = tar_gz(&[
        Member::program(format!("{folder}/bin/portal-server"), program(dice)),
        Member::program(format!("{folder}/install.sh"), install_script(product)),
        Member::file(format!("{folder}/config/application.yml"), settings),
        Member::file(format!("{folder}/Đọc trước khi cài.txt"), notice(product)),
    ])?;
    let name = format!("{folder}.tar.gz");
    let script = install_script(product);
    let sums = format!(
        "{}  {name}\n{}  cai-dat.sh\n",
        Digest::of(&tarball),
        Digest::of(script.as_bytes())
    );
    write_file(&dir.join(name), &tarball)?;
    write_file(&dir.join("cai-dat.sh"), script.as_bytes())?;
    write_file(&dir.join("SHA256SUMS"), sums.as_bytes())
}

/// A zip, and its MD5, which many a vendor still uses.
pub(super) fn write_support(dir: &Path, product: &Product, dice: &mut Dice) -> Result<()> {
    let archive = zip(&[
        Member::program("bin/support-server", program(dice)),
        Member::program("install.sh", install_script(product)),
        Member::file("Đọc trước khi cài.txt", notice(product)),
    ])?;
    let name = format!("support-{}.zip", product.version());
    let digest = u128::from_be_bytes(Md5::digest(&archive).into());
    write_file(&dir.join(&name), &archive)?;
    // As `md5sum --binary` writes it.
    write_file(&dir.join("MD5SUMS"), format!("{digest:032x} *{name}\n").as_bytes())
}

/// A phone's package: a zip, without checksums.
pub(super) fn write_app(dir: &Path, product: &Product, dice: &mut Dice) -> Result<()> {
    let version = product.version();
    let manifest = format!("Manifest-Version: 1.0\r\nImplementation-Version: {version}\r\n\r\n");
    let mut code = b"dex\n035\0".to_vec();
    code.extend(program(dice));
    let package = zip(&[
        Member::file("META-INF/MANIFEST.MF", manifest),
        Member::file("AndroidManifest.xml", "<manifest package=\"vn.example.sosuckhoe\"/>\n"),
        Member::file("classes.dex", code),
        Member::file("assets/Điều khoản sử dụng.txt", notice(product)),
    ])?;
    write_file(&dir.join(format!("so-suc-khoe-{version}.apk")), &package)
}

/// Bytes that look like a program and are none.
fn program(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = vec![0; PROGRAM_BYTES];
    dice.fill(&mut bytes);
    [b"\x7fELF\x02\x01\x01\0".as_slice(), &bytes].concat()
}

fn install_script(product: &Product) -> String {
    format!("#!/bin/sh\n# {}\nset -eu\ninstall -d /opt/{1}\n", product.name_vi, product.id)
}

fn notice(product: &Product) -> String {
    format!("{} – phiên bản {}\n", product.name_vi, product.version())
}
