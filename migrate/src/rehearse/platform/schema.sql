-- The vendor's platform, as the rehearsal imagines it. Every declared type has one plain counterpart
-- in PostgreSQL. Tables are listed after the tables they refer to.

CREATE TABLE provinces (
    code VARCHAR(2) NOT NULL PRIMARY KEY,
    name VARCHAR(64) NOT NULL,
    kind VARCHAR(32) NOT NULL,
    identity_prefix VARCHAR(3) NOT NULL
);

CREATE TABLE districts (
    code VARCHAR(4) NOT NULL PRIMARY KEY,
    province_code VARCHAR(2) NOT NULL REFERENCES provinces (code),
    name VARCHAR(64) NOT NULL
);

CREATE TABLE facilities (
    id INTEGER NOT NULL PRIMARY KEY,
    code VARCHAR(16) NOT NULL,
    name VARCHAR(160) NOT NULL,
    province_code VARCHAR(2) NOT NULL REFERENCES provinces (code),
    district_code VARCHAR(4) NOT NULL REFERENCES districts (code),
    address TEXT,
    latitude REAL,
    longitude REAL,
    is_mobile BOOLEAN NOT NULL,
    opened_on DATE NOT NULL
);

-- The key is text, with capitals and diacritics in it: its order is a matter of bytes.
CREATE TABLE accounts (
    username VARCHAR(64) NOT NULL PRIMARY KEY,
    display_name VARCHAR(160) NOT NULL,
    role VARCHAR(16) NOT NULL,
    province_code VARCHAR(2) REFERENCES provinces (code),
    facility_id INTEGER REFERENCES facilities (id),
    is_active BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE vaccines (
    code VARCHAR(16) NOT NULL PRIMARY KEY,
    name VARCHAR(80) NOT NULL,
    manufacturer VARCHAR(80) NOT NULL,
    course INTEGER NOT NULL,
    volume NUMERIC(5,2) NOT NULL,
    storage_celsius REAL NOT NULL,
    approved_on DATE NOT NULL
);

CREATE TABLE vaccine_lots (
    id INTEGER NOT NULL PRIMARY KEY,
    vaccine_code VARCHAR(16) NOT NULL REFERENCES vaccines (code),
    lot_number VARCHAR(24) NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price NUMERIC(12,2),
    received_at DATETIME NOT NULL,
    expires_on DATE NOT NULL
);

CREATE TABLE lot_allocations (
    facility_id INTEGER NOT NULL REFERENCES facilities (id),
    lot_id INTEGER NOT NULL REFERENCES vaccine_lots (id),
    quantity INTEGER NOT NULL,
    allocated_on DATE NOT NULL,
    PRIMARY KEY (facility_id, lot_id)
);

CREATE TABLE subjects (
    id INTEGER NOT NULL PRIMARY KEY,
    public_id UUID NOT NULL,
    full_name VARCHAR(120) NOT NULL,
    birth_date DATE,
    sex VARCHAR(3),
    phone VARCHAR(24),
    identity_number VARCHAR(24),
    province_code VARCHAR(2) NOT NULL REFERENCES provinces (code),
    district_code VARCHAR(4) REFERENCES districts (code),
    address TEXT,
    priority_group INTEGER,
    note TEXT,
    created_by VARCHAR(64) REFERENCES accounts (username),
    created_at DATETIME NOT NULL,
    updated_at DATETIME,
    sent_at DATETIME
);

CREATE TABLE doses (
    id INTEGER NOT NULL PRIMARY KEY,
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    facility_id INTEGER NOT NULL REFERENCES facilities (id),
    lot_id INTEGER NOT NULL REFERENCES vaccine_lots (id),
    dose_number INTEGER NOT NULL,
    is_booster BOOLEAN NOT NULL,
    given_at DATETIME NOT NULL,
    injector VARCHAR(120),
    volume NUMERIC(5,2),
    contact_phone VARCHAR(24),
    reaction TEXT,
    entered_at DATETIME NOT NULL
);

-- What was sent to the national population database, and what came back.
CREATE TABLE verification_batches (
    id INTEGER NOT NULL PRIMARY KEY,
    sent_at DATETIME NOT NULL,
    subject_count INTEGER NOT NULL,
    dose_count INTEGER NOT NULL
);

CREATE TABLE verification_results (
    id INTEGER NOT NULL PRIMARY KEY,
    batch_id INTEGER NOT NULL REFERENCES verification_batches (id),
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    result VARCHAR(32) NOT NULL,
    found_number VARCHAR(12),
    received_at DATETIME NOT NULL
);

CREATE TABLE certificates (
    id INTEGER NOT NULL PRIMARY KEY,
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    serial UUID NOT NULL,
    payload BLOB NOT NULL,
    issued_at DATETIME NOT NULL,
    expires_on DATE NOT NULL,
    is_revoked BOOLEAN NOT NULL
);

CREATE TABLE feedback (
    id INTEGER NOT NULL PRIMARY KEY,
    subject_id INTEGER REFERENCES subjects (id),
    full_name VARCHAR(120) NOT NULL,
    phone VARCHAR(24) NOT NULL,
    content TEXT NOT NULL,
    photo_path VARCHAR(120),
    -- Of what was sent, in lower case.
    photo_sha256 VARCHAR(64),
    state VARCHAR(16) NOT NULL,
    submitted_at DATETIME NOT NULL,
    answered_by VARCHAR(64) REFERENCES accounts (username),
    answer TEXT
);

-- No key, and the same row may stand here several times.
CREATE TABLE audit_log (
    at DATETIME NOT NULL,
    account VARCHAR(64),
    action VARCHAR(24) NOT NULL,
    object_id INTEGER,
    address VARCHAR(45),
    detail TEXT
);

CREATE TABLE "Báo cáo Ngày" (
    "Ngày" DATE NOT NULL,
    "Mã tỉnh" VARCHAR(2) NOT NULL REFERENCES provinces (code),
    "Số mũi" INTEGER NOT NULL,
    "Ghi chú" TEXT,
    PRIMARY KEY ("Ngày", "Mã tỉnh")
);

CREATE TABLE sms_outbox (
    id INTEGER NOT NULL PRIMARY KEY,
    phone VARCHAR(24) NOT NULL,
    body TEXT NOT NULL,
    queued_at DATETIME NOT NULL
);
