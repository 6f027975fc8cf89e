-- Made after the rows, which is quicker and packs them better.
CREATE UNIQUE INDEX facilities_code ON facilities (code);
CREATE UNIQUE INDEX vaccine_lots_number ON vaccine_lots (vaccine_code, lot_number);
CREATE INDEX subjects_identity_number ON subjects (identity_number);
CREATE INDEX subjects_place ON subjects (province_code, district_code);
CREATE INDEX doses_subject ON doses (subject_id);
CREATE INDEX doses_facility_given ON doses (facility_id, given_at);
CREATE INDEX verification_results_subject ON verification_results (subject_id);
CREATE UNIQUE INDEX certificates_serial ON certificates (serial);
CREATE INDEX audit_log_at ON audit_log (at);
