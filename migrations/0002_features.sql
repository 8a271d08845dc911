-- Vectors live in files; these rows say which files are complete. A file without a row is an orphan.

CREATE TABLE spaces (
    space          VARCHAR PRIMARY KEY,
    name           VARCHAR NOT NULL,
    modality       VARCHAR NOT NULL,
    variant        VARCHAR NOT NULL,
    precision      VARCHAR NOT NULL,
    dim            INTEGER NOT NULL,
    family         VARCHAR NOT NULL,
    weights_sha256 VARCHAR NOT NULL,
    preprocess     JSON NOT NULL,
    device         VARCHAR NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE spaces IS 'Each encoder, with all that shapes its vectors; the space is named by their digest.';

CREATE TABLE shards (
    shard_id   BIGINT PRIMARY KEY,
    space      VARCHAR NOT NULL,
    file       VARCHAR NOT NULL,
    rows       BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    sha256     BLOB NOT NULL,
    run_id     BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    encode_s   DOUBLE NOT NULL,
    decode_s   DOUBLE NOT NULL
);
COMMENT ON TABLE shards IS 'Each complete file of vectors, with its size and digest, and the seconds spent on it.';

CREATE TABLE indexes (
    index_id             BIGINT PRIMARY KEY,
    space                VARCHAR NOT NULL,
    file                 VARCHAR NOT NULL,
    kind                 VARCHAR NOT NULL,
    plan                 JSON NOT NULL,
    rows                 BIGINT NOT NULL,
    content_sha256       BLOB NOT NULL,
    recall_at_10_vs_flat DOUBLE,
    query_ms             DOUBLE,
    build_s              DOUBLE NOT NULL,
    created_at           TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE indexes IS 'Each index built, the digest of the items and contents in it, and what was measured on a sample.';
