//! What holds for a `handover.toml` that is accepted: it is written again without loss, names in it
//! can be names of folders, and what one entry says of another is there.

use handover_schemas::config::{Config, DeliverableForm};
use handover_schemas::package::bag::is_safe_path;

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(config) = toml::from_str::<Config>(text) else { return };
    let written = toml::to_string(&config).expect("a config can be written");
    assert_eq!(toml::from_str(&written).as_ref(), Ok(&config));
    if config.check().is_err() {
        return;
    }
    for component in &config.component {
        for deliverable in &component.deliverable {
            let id = deliverable.id();
            assert!(is_safe_path(&format!("{}/{id}", component.id)), "{id}");
            // Each is found by its name, and not another one.
            assert_eq!(config.deliverable(&component.id, &id), Some(deliverable));
        }
    }
    for reference in &config.file_reference {
        let found = config.deliverable(&reference.component, &reference.deliverable);
        assert_eq!(found.map(|found| found.form), Some(DeliverableForm::Folder));
    }
}
