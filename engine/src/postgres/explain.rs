//! The same digest with public tools: `psql | sha256sum`.

use handover_cli_kit::shell;
use handover_schemas::chunk::KeyRange;
use handover_schemas::plan::TableShape;

use super::read::written_query;
use crate::endpoint::PostgresEndpoint;

/// Pinned settings in the form libpq takes from the environment.
const PGOPTIONS: &str = "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC \
     -c extra_float_digits=1 -c bytea_output=hex -c lc_monetary=C -c row_security=off \
     -c standard_conforming_strings=on -c default_transaction_read_only=on";

/// Left out where only the database's own path lets a query be planned.
const SEARCH_PATH: &str = " -c search_path=pg_catalog";

/// Settings that libpq has variables of its own for, which win over `PGOPTIONS`.
const LIBPQ: &str = "PGCLIENTENCODING=UTF8 PGDATESTYLE=ISO PGTZ=UTC";

/// A line for `bash -c` that prints the digest of a table or of one of its chunks. A password
/// comes from `PGPASSWORD` or `.pgpass`, as ever.
pub fn explain(endpoint: &PostgresEndpoint, shape: &TableShape, range: &KeyRange) -> String {
    let copy = format!("COPY ({}) TO STDOUT", written_query(shape, range));
    let search_path = if shape.whole_only { "" } else { SEARCH_PATH };
    let sort = if shape.key.is_none() { " | LC_ALL=C sort" } else { "" };
    format!(
        "set -o pipefail; {LIBPQ} PGOPTIONS={options} psql -X -q -v ON_ERROR_STOP=1 \
         -d {url} -c {copy}{sort} | sha256sum | cut -d' ' -f1",
        options = shell::quote(&format!("{PGOPTIONS}{search_path}")),
        url = shell::quote(&endpoint.url_for_psql()),
        copy = shell::quote(&copy),
    )
}
