#!/usr/bin/python3
"""An identity backend to stand in front of: five EIAM interfaces and the token interface, kept in SQLite.

It checks neither tokens nor permissions on the management interfaces: that is the gate's work, so it listens
on 127.0.0.1 only and must not be reachable by any way around the gate.
"""

import argparse
import base64
import contextlib
import datetime
import functools
import hashlib
import hmac
import json
import logging
import pathlib
import secrets
import signal
import sqlite3
import sys
import time
from urllib.parse import quote, unquote_plus

import waitress
from flask import Flask, current_app, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

BODY_LIMIT = 16 * 1024 * 1024
LOCK_TIMEOUT = 10  # seconds a transaction waits for another process or thread
SCHEMA = pathlib.Path(__file__).with_name("backend.sql")

# The documents give English for every code; USER.0004 has no Chinese there.
MESSAGES = {
    "USER.0001": ("User does not exist", "用户不存在"),
    "USER.0004": ("User is disabled", "User is disabled"),
    "ORG.0001": ("Organization does not exist", "组织不存在"),
    "APP.0001": ("App does not exist", "应用不存在"),
    "APP.0006": ("App ID cannot be empty", "应用ID不能为空"),
    "APP.0009": ("App code already exists", "应用编码已存在"),
    "APP.ORG.0024": ("The application organization does not exist", "应用机构不存在"),
    "APP.ORG.0025": ("The parent organization cannot point to itself", "父机构不能指向自己"),
    "APP.ORG.0040": ("The parent application organization does not exist", "父机构不存在"),
    "APP.ORG.0041": ("Only created virtual organizations can be modified", "只能修改创建的虚拟组织"),
    "APP.OBJECTMODEL.0005": ("The application organization model is not opened", "未开启应用机构模型"),
    "APP.ACCOUNT.0037": ("The responsible person does not exist", "责任人不存在"),
    "APP.ACCOUNT.0038": ("Public account does not exist", "公共账号不存在"),
    "APP.ACCOUNT.0047": ("The ID of the account cannot be blank", "账号的ID不能为空"),
    "COM.0601": ("Parameter error, missing parameter or incorrect parameter type",) * 2,
}


class Backend(Flask):
    # A path with a double slash is not redirected; Debian's werkzeug reads this setting in the constructor only.
    # Static, as Python 3.14 would make a method of it.
    url_map_class = staticmethod(functools.partial(Map, merge_slashes=False))


app = Backend(__name__, static_folder=None)
app.json.ensure_ascii = False
app.json.sort_keys = False


class Refused(Exception):
    """A documented error code of the management interfaces; always status 400."""


class TokenRefused(Exception):
    """status, error, error_description of RFC 6749, section 5.2."""


# -- answers ------------------------------------------------------------------------------------------------

@app.errorhandler(Refused)
def refused(error):
    code = error.args[0]
    chinese = request.accept_languages.best_match(["en", "zh"], "en") == "zh"
    return jsonify(error_code=code, error_msg=MESSAGES[code][chinese]), 400


@app.errorhandler(TokenRefused)
def token_refused(error):
    status, name, description = error.args
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="eiam", charset="UTF-8"'
    return jsonify(error=name, error_description=description), status, headers


@app.errorhandler(HTTPException)
def http_error(error):
    answer = error.get_response()  # keeps Allow on a 405
    answer.data = jsonify(error_code=f"HTTP.{error.code}", error_msg=error.name).data
    answer.content_type = "application/json"
    return answer


@app.after_request
def log(answer):
    # Quoted, so that a decoded line end cannot forge a line; without the query, which may carry a secret.
    sys.stderr.write(f"{quote(request.method)} {quote(request.path)} {answer.status_code}\n")
    return answer


# -- database -----------------------------------------------------------------------------------------------

@contextlib.contextmanager
def connection(file):
    db = sqlite3.connect(file, timeout=LOCK_TIMEOUT, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        yield db
    finally:
        db.close()  # rolls back whatever was not committed


@contextlib.contextmanager
def transaction(kind):
    # IMMEDIATE takes the write lock before the first check, so what was checked still holds when it is written.
    with connection(current_app.config["DATABASE"]) as db:
        db.execute(f"BEGIN {kind}")
        yield db
        db.execute("COMMIT")


def one(db, sql, *values):
    return db.execute(sql, values).fetchone()


def must_exist(db, code, sql, *values):
    row = one(db, sql, *values)
    if row is None:
        raise Refused(code)
    return row


def prepare(file):
    with connection(file) as db:
        if one(db, "PRAGMA user_version")[0] == 0:
            db.executescript(SCHEMA.read_text("utf-8"))


def new_id():
    """Like 20220414151855146-A153-62C1A994C: milliseconds of now, then two random parts."""
    noise = secrets.token_hex(7).upper()
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03d}-{noise[:4]}-{noise[4:13]}"


# -- organizations ------------------------------------------------------------------------------------------

LEADER = "/api/v2/tenant/organizations/<org_id>/org-leader"


@app.put(LEADER)
def save_leader(org_id):
    leader_id = request.args.get("leader_id", "")
    with transaction("IMMEDIATE") as db:
        must_exist(db, "ORG.0001", "SELECT 1 FROM organizations WHERE id = ?", org_id)
        user = must_exist(db, "USER.0001", "SELECT disabled FROM users WHERE id = ?", leader_id)
        if user["disabled"]:
            raise Refused("USER.0004")
        db.execute("UPDATE organizations SET leader_id = ? WHERE id = ?", (leader_id, org_id))
    return jsonify(result=True)


@app.get(LEADER)
def read_leader(org_id):
    """An organization without a leader has null in all four members: the document names no error for it."""
    with transaction("DEFERRED") as db:
        row = must_exist(db, "ORG.0001", """
            SELECT u.disabled, u.user_name, u.name, u.id
              FROM organizations o LEFT JOIN users u ON u.id = o.leader_id WHERE o.id = ?""", org_id)
    return jsonify(
        leader_status=None if row["id"] is None else bool(row["disabled"]),
        leader_user_name=row["user_name"], leader_name=row["name"], leader_id=row["id"])


# -- application organizations ------------------------------------------------------------------------------

APP_ORGS = "/api/v2/tenant/applications/<app_id>/organizations"


def text_members(required, optional=()):
    """The named members of the JSON body, each a string; an optional one may be absent (None)."""
    try:
        body = json.loads(request.get_data())
        values = [body.get(name) for name in (*required, *optional)]
        for value in values:
            if value is not None:
                value.encode()  # fails for a value that is no string, or has a lone surrogate
    except (ValueError, AttributeError, RecursionError):
        raise Refused("COM.0601") from None
    if not all(value and value.strip() for value in values[:len(required)]):
        raise Refused("COM.0601")
    return values


def app_must_exist(db, app_id):
    return must_exist(db, "APP.0001", "SELECT org_model FROM applications WHERE id = ?", app_id)


def parent_must_exist(db, app_id, parent_id):
    must_exist(db, "APP.ORG.0040", "SELECT 1 FROM app_orgs WHERE app_id = ? AND id = ?", app_id, parent_id)


@app.post(APP_ORGS)
def add_app_org(app_id):
    org_code, name, parent_id = text_members(["org_code", "name"], ["parent_id"])
    with transaction("IMMEDIATE") as db:
        if not app_must_exist(db, app_id)["org_model"]:
            raise Refused("APP.OBJECTMODEL.0005")
        if one(db, "SELECT 1 FROM app_orgs WHERE app_id = ? AND org_code = ?", app_id, org_code):
            raise Refused("APP.0009")
        if parent_id:
            parent_must_exist(db, app_id, parent_id)
        org_id = new_id()
        db.execute("INSERT INTO app_orgs VALUES (?, ?, ?, ?, ?, 1)",
                   (org_id, app_id, org_code, name, parent_id or None))
    return jsonify(org_id=org_id), 201


def refuse_loop(db, org_id, parent_id):
    """A parent that is the organization itself or lies below it would make the organization its own ancestor."""
    if one(db, """
            WITH RECURSIVE above(id) AS (
                VALUES (?) UNION SELECT o.parent_id FROM app_orgs o JOIN above ON o.id = above.id)
            SELECT 1 FROM above WHERE id = ?""", parent_id, org_id):
        raise Refused("APP.ORG.0025")


@app.put(APP_ORGS + "/<app_org_id>")
def update_app_org(app_id, app_org_id):
    """A member that is absent stays as it is; an empty parent_id makes the organization a root."""
    name, parent_id = text_members([], ["name", "parent_id"])
    with transaction("IMMEDIATE") as db:
        app_must_exist(db, app_id)
        org = must_exist(db, "APP.ORG.0024", "SELECT name, parent_id, virtual FROM app_orgs"
                         " WHERE app_id = ? AND id = ?", app_id, app_org_id)
        if not org["virtual"]:
            raise Refused("APP.ORG.0041")
        if parent_id:
            parent_must_exist(db, app_id, parent_id)
            refuse_loop(db, app_org_id, parent_id)
        if name is None:
            name = org["name"]
        if not name.strip():
            raise Refused("COM.0601")
        if parent_id is None:
            parent_id = org["parent_id"]
        db.execute("UPDATE app_orgs SET name = ?, parent_id = ? WHERE id = ?",
                   (name, parent_id or None, app_org_id))
    return jsonify(org_id=app_org_id)


# -- accounts -----------------------------------------------------------------------------------------------

@app.post("/api/v2/tenant/applications/<app_id>/accounts/public-account/<app_user_id>/owner")
def bind_owner(app_id, app_user_id):
    # An id in the path is never empty, but "%20" is empty once it is trimmed.
    if not app_id.strip():
        raise Refused("APP.0006")
    if not app_user_id.strip():
        raise Refused("APP.ACCOUNT.0047")
    user_name, = text_members(["user_name"])
    with transaction("IMMEDIATE") as db:
        app_must_exist(db, app_id)
        must_exist(db, "APP.ACCOUNT.0038", "SELECT 1 FROM accounts WHERE app_id = ? AND id = ? AND public",
                   app_id, app_user_id)
        owner = must_exist(db, "APP.ACCOUNT.0037", "SELECT id FROM users WHERE user_name = ?", user_name)
        db.execute("UPDATE accounts SET owner_id = ? WHERE id = ?", (owner["id"], app_user_id))
    return jsonify(account_id=app_user_id)


# -- tokens -------------------------------------------------------------------------------------------------

BAD_CREDENTIALS = (401, "invalid_client", "Bad client credentials")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def parameter(name):
    """From the form or the query; RFC 6749, section 3.2: not repeated, and without a value as if absent."""
    values = request.form.getlist(name) + request.args.getlist(name)
    if len(values) > 1:
        raise TokenRefused(400, "invalid_request", f"Parameter {name} is repeated")
    return values[0] if values else ""


def credentials():
    posted = parameter("client_id"), parameter("client_secret")
    header = request.headers.get("Authorization")
    if header is None:
        return posted
    if any(posted):
        raise TokenRefused(400, "invalid_request", "Client credentials are given in two ways")
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        # The document does not say when this error occurs; here, for a Bearer token in place of credentials.
        raise TokenRefused(400, "invalid_token", "Invalid access")
    try:
        client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise TokenRefused(*BAD_CREDENTIALS) from None
    return unquote_plus(client_id), unquote_plus(secret)  # RFC 6749, section 2.3.1


def authenticated_client():
    client_id, secret = credentials()
    with transaction("DEFERRED") as db:
        row = one(db, "SELECT secret_sha256 FROM clients WHERE id = ?", client_id)
    if not hmac.compare_digest(row["secret_sha256"] if row else "", digest(secret)):
        raise TokenRefused(*BAD_CREDENTIALS)
    return client_id, secret


def jwt_hs256(claims, key):
    """RFC 7515, compact form; an ID token may be signed with the client secret (OpenID Connect Core, 10.1)."""
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    text = b".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return (text + b"." + encode(hmac.digest(key.encode(), text, "sha256"))).decode()


def issue(client_id):
    """A new token, of which only the digest is kept; earlier ones stay valid until they expire."""
    token, now = secrets.token_urlsafe(32), time.time()
    expires = now + current_app.config["TOKEN_LIFETIME"]
    with transaction("IMMEDIATE") as db:
        db.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
        db.execute("INSERT INTO tokens VALUES (?, ?, ?)", (digest(token), client_id, expires))
        codes = db.execute("SELECT code FROM client_permissions WHERE client_id = ? ORDER BY code", (client_id,))
        scope = " ".join(row["code"] for row in codes)
    return token, scope, now, expires


@app.post("/api/v2/tenant/token")
def token():
    client_id, secret = authenticated_client()
    grant_type = parameter("grant_type")
    if not grant_type:
        raise TokenRefused(400, "invalid_request", "Parameter grant_type is missing")
    if grant_type != "client_credentials":
        raise TokenRefused(400, "unsupported_grant_type", "Only client_credentials is supported")
    access_token, scope, now, expires = issue(client_id)
    claims = {"iss": current_app.config["ISSUER"], "sub": client_id, "aud": client_id,
              "iat": int(now), "exp": int(expires), "scope": scope}
    answer = jsonify(access_token=access_token, token_type="bearer", expires_in=int(expires - time.time()),
                     scope=scope, id_token=jwt_hs256(claims, secret))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@app.post("/oauth2/revoke")
def revoke():
    """RFC 7009: a token that is unknown, or another client's, is answered like one that is over."""
    client_id, _ = authenticated_client()
    token = parameter("token")
    if not token:
        raise TokenRefused(400, "invalid_request", "Parameter token is missing")
    with transaction("IMMEDIATE") as db:
        db.execute("DELETE FROM tokens WHERE sha256 = ? AND client_id = ?", (digest(token), client_id))
    return "", 200, {"Cache-Control": "no-store"}


# -- process ------------------------------------------------------------------------------------------------

def whole_number(least, most):
    def parse(text):
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least} to {most}")
        return int(text)
    return parse


def options():
    parser = argparse.ArgumentParser(description="Identity backend for the gate's demonstration and tests.")
    parser.add_argument("--port", type=whole_number(0, 65535), required=True,
                        help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--database", required=True, help="SQLite file, made and seeded where it is missing")
    parser.add_argument("--token-lifetime", type=whole_number(1, 86400), default=1800, metavar="SECONDS",
                        help="default: 1800")
    return parser.parse_args()


def main():
    args = options()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue needs no line in the log
    try:
        prepare(args.database)
        server = waitress.create_server(app, host="127.0.0.1", port=args.port, threads=8, connection_limit=500,
                                        asyncore_use_poll=True, max_request_body_size=BODY_LIMIT)
    except (sqlite3.Error, OSError) as error:
        sys.exit(f"backend: cannot start: {error}")
    address = f"http://127.0.0.1:{server.effective_port}"
    app.config.update(DATABASE=args.database, TOKEN_LIFETIME=args.token_lifetime, ISSUER=address)
    print(f"backend ready on {address}", flush=True)
    server.run()  # returns after the signal's SystemExit, when the running requests have ended
    server.close()


if __name__ == "__main__":
    main()
