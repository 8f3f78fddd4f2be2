-- Schema and first rows of the identity backend, run once on a new file, in one transaction.

BEGIN IMMEDIATE;

CREATE TABLE users (
    id        TEXT PRIMARY KEY,
    user_name TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    disabled  INTEGER NOT NULL CHECK (disabled IN (0, 1))
);

CREATE TABLE organizations (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    leader_id TEXT REFERENCES users (id)
);

CREATE TABLE applications (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    org_model INTEGER NOT NULL CHECK (org_model IN (0, 1))
);

-- virtual: created through the interface; others are synchronised from the organizations, and read-only
CREATE TABLE app_orgs (
    id        TEXT PRIMARY KEY,
    app_id    TEXT NOT NULL REFERENCES applications (id),
    org_code  TEXT NOT NULL,
    name      TEXT NOT NULL,
    parent_id TEXT REFERENCES app_orgs (id),
    virtual   INTEGER NOT NULL CHECK (virtual IN (0, 1)),
    UNIQUE (app_id, org_code)
);

CREATE TABLE accounts (
    id       TEXT PRIMARY KEY,
    app_id   TEXT NOT NULL REFERENCES applications (id),
    name     TEXT NOT NULL,
    public   INTEGER NOT NULL CHECK (public IN (0, 1)),
    owner_id TEXT REFERENCES users (id)
);

CREATE TABLE clients (
    id            TEXT PRIMARY KEY,
    secret_sha256 TEXT NOT NULL
);

CREATE TABLE client_permissions (
    client_id TEXT NOT NULL REFERENCES clients (id),
    code      TEXT NOT NULL,
    PRIMARY KEY (client_id, code)
);

CREATE TABLE tokens (
    sha256    TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    expires   REAL NOT NULL
);

INSERT INTO users VALUES
    ('20220711103603086-0AF1-026083E18', 'zhangsan',   '张三', 0),
    ('20220413091522417-3C5E-7D10A42B9', 'cq04130006', '李四', 0),
    ('20210809154410905-9B27-51E6F0C83', 'wangwu',     '王五', 1);

-- sales still names a leader who was disabled later
INSERT INTO organizations VALUES
    ('head-office', '总公司', '20220711103603086-0AF1-026083E18'),
    ('research',    '研发部', NULL),
    ('sales',       '销售部', '20210809154410905-9B27-51E6F0C83');

INSERT INTO applications VALUES
    ('mail', 'Mail', 1),
    ('erp',  'ERP',  1),
    ('wiki', 'Wiki', 0);

INSERT INTO app_orgs VALUES
    ('20220414151855146-A153-62C1A994C', 'mail', 'xnjg',     'Virtual Organization 1', NULL, 1),
    ('20220414152010733-B7E4-0D95F1A26', 'mail', 'xnjg-sub', '虚拟机构', '20220414151855146-A153-62C1A994C', 1),
    ('20220101000000000-5F0C-3B8E7A914', 'mail', 'research', '研发部', NULL, 0),
    ('20220601120000000-C2D9-94A7E0B15', 'erp',  'xnjg',     'Plants', NULL, 1);

INSERT INTO accounts VALUES
    ('20220415171558023-84A4-ED5C390B8', 'mail', 'hotline',  1, NULL),
    ('20220415171730610-1E6B-A80F2C4D7', 'mail', 'zhangsan', 0, '20220711103603086-0AF1-026083E18'),
    ('20220602093011254-D3F8-6B19C7E02', 'erp',  'terminal', 1, NULL);

-- Secrets for the demonstration, in this order. A real secret is random, so it cannot be found from its digest.
--   hr-sync-demonstration-secret-of-many-octets
--   reporting-demonstration-secret-of-many-octets
--   crm: 100% demonstration+secret of many octets
--   retired-demonstration-secret-of-many-octets
INSERT INTO clients VALUES
    ('hr-sync',   '46fa6064909ad3b60244492e3f9901242473ff8f90b0f422a78c792d892ce901'),
    ('reporting', '5124dcaf0bd5beb5c3860538c3ea7e4ca7e9015e38bd052be14aca77a55ad52a'),
    ('crm',       'cd731ca8a29f6f1eaac30d194308547c2df74ef99b1fa223807a00aa1c161509'),
    ('retired',   '2326bb9cd4a390770a0ab141a74101dd00e2c1b885ac154f0dff78c503a63404');

INSERT INTO client_permissions VALUES
    ('hr-sync', 'org_all'), ('hr-sync', 'org_read'), ('hr-sync', 'user_all'), ('hr-sync', 'user_read'),
    ('reporting', 'read'),
    ('crm', 'account_all'), ('crm', 'app_org_all'),
    ('retired', 'all');

PRAGMA user_version = 1;

COMMIT;
