"""Bot API methods of fakebotapi: what is sent, edited and answered, with Telegram's limits and refusals."""
import json
import math
import mimetypes
import re
import time

import tgmarkup
from botspec import BUTTON_ACTIONS

MEDIA = {"photo": 10 << 20, "document": 50 << 20, "video": 50 << 20, "audio": 50 << 20, "voice": 50 << 20, "animation": 50 << 20}


class Refuse(Exception):
    def __init__(self, code, description, **parameters):
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad(why):
    return Refuse(400, f"Bad Request: {why}")


def as_json(v, kind, name):
    if isinstance(v, str):
        try:
            v = json.loads(v)
        except ValueError:
            raise bad(f"can't parse {name} JSON object") from None
    if not isinstance(v, kind):
        raise bad(f"{name}: {'object' if kind is dict else 'array'} expected")
    return v


def flag(v):
    return str(v).lower() in ("true", "1")


def number(p, name, lo, hi, required=True):
    if p.get(name) in (None, ""):
        if required:
            raise bad(f"{name} is empty")
        return None
    try:
        v = float(p[name])
    except ValueError:
        v = math.nan
    if not lo <= v <= hi:
        raise bad(f"wrong {name} specified: {p[name]}")
    return v


class Dropped(Refuse):
    """A fault cut the connection before anything was done."""


class Methods:
    # ---- sending -----------------------------------------------------------------------------
    def chat(self, bot, p):
        cid = p.get("chat_id")
        if cid in (None, "", 0, "0"):
            raise bad("chat_id is empty")
        c = bot.chats.get(int(cid)) if re.fullmatch(r"-?\d+", str(cid)) else \
            next((c for c in bot.chats.values() if "@" + c["info"].get("username", "") == cid), None)
        if not c:
            raise bad("chat not found")
        if c["status"] != "member":
            raise Refuse(403, c["status"])
        return c

    def rate(self, bot, c, lint):
        now, cid = time.time(), c["info"]["id"]
        if self.o.no_rate:
            return
        while bot.sent and bot.sent[0] <= now - 1:
            bot.sent.popleft()
        seen, group = bot.per_chat[cid], cid < 0
        while seen and seen[0] <= now - (60 if group else 30):
            seen.popleft()
        wait = 0
        if len(bot.sent) >= 30:
            wait = bot.sent[0] + 1 - now
        if group and len(seen) >= 20:
            wait = max(wait, seen[0] + 60 - now)
        if not group:                                   # token bucket: 1 per second, short bursts allowed
            level, last = 0.0, None
            for t in seen:
                level = max(0.0, level - (t - last if last else 0)) + 1
                last = t
            level = max(0.0, level - (now - last)) if last else 0.0
            if level + 1 > self.o.chat_burst + 1e-6:
                wait = max(wait, level + 1 - self.o.chat_burst)
            elif level > 1:
                lint.append(f"more than 1 message/s in chat {cid}")
        if wait > 0:
            raise Refuse(429, f"Too Many Requests: retry after {math.ceil(wait)}", retry_after=math.ceil(wait))
        bot.sent.append(now)
        seen.append(now)

    def text(self, p, name="text", hi=4096, required=True):
        raw, ents = p.get(name) or "", p.get(name.replace("text", "") + ("entities" if name == "text" else "_entities"))
        try:
            plain, found = tgmarkup.parse(str(raw), p.get("parse_mode"))
        except ValueError as e:
            raise bad(str(e)) from None
        if ents and not p.get("parse_mode"):
            found = as_json(ents, list, "entities")
        if required and not plain.strip():
            raise bad("message text is empty")
        if tgmarkup.u16(plain) > hi:
            raise bad("message is too long" if name == "text" else "message caption is too long")
        return {**({name: plain} if plain else {}), **({("caption_" if name == "caption" else "") + "entities": found} if found else {})}

    def markup(self, p, c, lint):
        """Returns the inline keyboard (the only markup a Message carries) or None."""
        if p.get("reply_markup") in (None, ""):
            return None
        m = as_json(p["reply_markup"], dict, "reply markup")
        c["keyboard"] = m if "keyboard" in m else (None if m.get("remove_keyboard") else c.get("keyboard"))
        for key in ("inline_keyboard", "keyboard"):
            if key not in m:
                continue
            if not isinstance(m[key], list) or not all(isinstance(r, list) for r in m[key]):
                raise bad(f'field "{key}" must be an Array of Arrays of buttons')
            for b in (b for row in m[key] for b in row):
                b = {"text": b} if isinstance(b, str) and key == "keyboard" else b
                if not isinstance(b, dict) or not b.get("text"):
                    raise bad(f'button in "{key}" must be an Object with a non-empty "text"')
                if key == "keyboard":
                    if c["info"]["type"] != "private" and any(b.get(k) for k in ("request_location", "request_contact", "request_poll", "web_app")):
                        raise bad("location, contact, poll and web app can be requested in private chats only")
                    continue
                acts = [a for a in BUTTON_ACTIONS if a in b]
                if len(acts) != 1:
                    raise bad("Text buttons are unallowed in the inline keyboard" if not acts else "BUTTON_TYPE_INVALID")
                if acts == ["callback_data"] and not 1 <= len(str(b["callback_data"]).encode()) <= 64:
                    raise bad("BUTTON_DATA_INVALID")
                if acts == ["url"] and not re.match(r"(https?://[^\s/]+\.[^\s]+|tg://|ton://|mailto:|tel:)", b["url"]):
                    raise bad("BUTTON_URL_INVALID")
            if sum(map(len, m[key])) > (100 if key == "inline_keyboard" else 300):
                raise bad("REPLY_MARKUP_TOO_LONG")
            lint += [f"{key}: row of {len(r)} buttons" for r in m[key] if len(r) > 8]
        return {"inline_keyboard": m["inline_keyboard"]} if m.get("inline_keyboard") else None

    def post(self, bot, p, lint, **content):
        c = self.chat(bot, p)
        kb = self.markup(p, c, lint)
        reply, rp = None, as_json(p.get("reply_parameters") or {}, dict, "reply parameters")
        rid = rp.get("message_id") or p.get("reply_to_message_id")
        if rid:
            reply = bot.msgs[c["info"]["id"]].get(int(rid))
            if not reply and not flag(rp.get("allow_sending_without_reply") or p.get("allow_sending_without_reply")):
                raise bad("message to be replied not found")
        self.rate(bot, c, lint)
        return self.store(bot, c, bot.user, reply_markup=kb, **content,
                          reply_to_message={k: v for k, v in reply.items() if k != "reply_to_message"} if reply else None)

    def store(self, bot, c, sender, **content):
        m = {"message_id": next(bot.msg_ids), "from": sender, "chat": c["info"], "date": int(time.time())}
        m.update({k: v for k, v in content.items() if v is not None})
        bot.msgs[c["info"]["id"]][m["message_id"]] = m
        return m

    def m_getme(self, bot, p, files, lint):
        bot.started = True
        return {**bot.user, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": True}

    def m_sendmessage(self, bot, p, files, lint):
        return self.post(bot, p, lint, **self.text(p))

    def m_sendlocation(self, bot, p, files, lint):
        return self.post(bot, p, lint, location=self.point(p))

    def point(self, p):
        if p.get("live_period") and not (60 <= int(p["live_period"]) <= 86400 or int(p["live_period"]) == 0x7FFFFFFF):
            raise bad("wrong live_period specified")
        number(p, "heading", 1, 360, False)
        acc = number(p, "horizontal_accuracy", 0, 1500, False)
        return {"latitude": number(p, "latitude", -90, 90), "longitude": number(p, "longitude", -180, 180),
                **({"horizontal_accuracy": acc} if acc is not None else {}), **({"live_period": int(p["live_period"])} if p.get("live_period") else {})}

    def m_sendvenue(self, bot, p, files, lint):
        if not p.get("title") or not p.get("address"):
            raise bad("venue title and address must be non-empty")
        place = self.point({k: p.get(k) for k in ("latitude", "longitude")})
        return self.post(bot, p, lint, venue={"location": place, "title": p["title"], "address": p["address"]}, location=place)

    def send_media(self, bot, p, files, lint, kind):
        src = str(p.get(kind) or "")
        f = files.get(src[9:] if src.startswith("attach://") else kind)
        if f and len(f["data"]) > MEDIA[kind]:
            raise Refuse(413, "Request Entity Too Large")
        if f and not f["data"]:
            raise bad("file must be non-empty")
        if not f and not (src in bot.files or re.match(r"https?://", src)):
            raise bad("wrong file identifier/HTTP URL specified" if src else f"there is no {kind} in the request")
        fid = src if src in bot.files else self.keep(bot, f or {"name": src.rsplit("/")[-1], "data": b"", "mime": None}, kind)
        caption = self.text(p, "caption", 1024, False)
        return self.post(bot, p, lint, **{kind: self.describe(bot, fid, kind)}, **caption)

    def keep(self, bot, f, kind):
        fid = f"{kind[:3].upper()}file{next(bot.file_ids):06d}x{bot.id}"
        bot.files[fid] = {**f, "path": f"{kind}s/file_{len(bot.files)}{'.' + f['name'].rsplit('.', 1)[1] if '.' in (f['name'] or '') else ''}"}
        return fid

    def describe(self, bot, fid, kind):
        f = bot.files[fid]
        d = {"file_id": fid, "file_unique_id": fid[3:], "file_size": len(f["data"])}
        if kind == "photo":
            return [{**d, "width": 800, "height": 600}]
        d.update(file_name=f["name"], mime_type=f["mime"] or mimetypes.guess_type(f["name"] or "")[0] or "application/octet-stream")
        return {**d, **({"width": 640, "height": 480} if kind in ("video", "animation") else {}), **({"duration": 1} if kind not in ("document",) else {})}

    def m_getfile(self, bot, p, files, lint):
        f = bot.files.get(p.get("file_id"))
        if not f:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(f["data"]) > 20 << 20:
            raise bad("file is too big")
        return {"file_id": p["file_id"], "file_unique_id": p["file_id"][3:], "file_size": len(f["data"]), "file_path": f["path"]}

    # ---- editing, answering --------------------------------------------------------------------
    def edit(self, bot, p, lint, change):
        if p.get("inline_message_id"):
            m, c = bot.inline_msgs.get(p["inline_message_id"]), {"info": {"type": "private"}}
        else:
            c = self.chat(bot, p)
            m = bot.msgs[c["info"]["id"]].get(int(p.get("message_id") or 0))
        if not m:
            raise bad("MESSAGE_ID_INVALID" if p.get("inline_message_id") else "message to edit not found")
        if m["from"]["id"] != bot.id and not p.get("inline_message_id"):
            raise bad("message can't be edited")
        new = {k: v for k, v in m.items() if k not in ("reply_markup", "edit_date", *change.pop("_drop", ()))} | change
        if kb := self.markup(p, c, lint):
            new["reply_markup"] = kb
        if {k: v for k, v in new.items()} == {k: v for k, v in m.items() if k != "edit_date"}:
            raise bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
        m.clear()
        m.update(new, edit_date=int(time.time()))
        return True if p.get("inline_message_id") else m

    def m_editmessagetext(self, bot, p, files, lint):
        return self.edit(bot, p, lint, {**self.text(p), "_drop": ("entities",)})

    def m_editmessagecaption(self, bot, p, files, lint):
        return self.edit(bot, p, lint, {**self.text(p, "caption", 1024, False), "_drop": ("caption", "caption_entities")})

    def m_editmessagereplymarkup(self, bot, p, files, lint):
        return self.edit(bot, p, lint, {})

    def m_editmessagelivelocation(self, bot, p, files, lint):
        return self.edit(bot, p, lint, {"location": self.point(p)})

    def m_deletemessage(self, bot, p, files, lint):
        if not bot.msgs[self.chat(bot, p)["info"]["id"]].pop(int(p.get("message_id") or 0), None):
            raise bad("message to delete not found")
        return True

    def query(self, table, qid, ttl):
        q = table.get(str(qid))
        if not q or q["done"] or time.time() - q["t"] > ttl:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        q["done"] = True

    def m_answercallbackquery(self, bot, p, files, lint):
        if tgmarkup.u16(p.get("text") or "") > 200:
            raise bad("MESSAGE_TOO_LONG")
        self.query(bot.callbacks, p.get("callback_query_id"), self.o.callback_ttl)
        return True

    def m_answerinlinequery(self, bot, p, files, lint):
        rs = as_json(p.get("results") or [], list, "results")
        ids = [str(r.get("id", "")) for r in rs]
        if len(rs) > 50:
            raise bad("RESULTS_TOO_MUCH")
        if len(set(ids)) != len(ids):
            raise bad("RESULT_ID_DUPLICATE")
        if any(not 1 <= len(i.encode()) <= 64 for i in ids):
            raise bad("RESULT_ID_INVALID")
        if len((p.get("next_offset") or "").encode()) > 64:
            raise bad("NEXT_OFFSET_INVALID")
        for r in rs:
            content = r.get("input_message_content")
            if r.get("type") == "article" and not (content and r.get("title")):
                raise bad("MESSAGE_EMPTY" if r.get("title") else "ARTICLE_TITLE_EMPTY")
            if content and "message_text" in content:
                self.text({"text": content["message_text"], "parse_mode": content.get("parse_mode")})
            self.markup(r, {"info": {"type": "private"}}, lint)
        self.query(bot.inlines, p.get("inline_query_id"), 30)
        bot.inlines[str(p["inline_query_id"])]["results"] = rs
        return True

    def m_setmycommands(self, bot, p, files, lint):
        cmds = as_json(p.get("commands") or [], list, "commands")
        if len(cmds) > 100:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for c in cmds:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", c.get("command", "")) or not 1 <= len(c.get("description", "")) <= 256:
                raise bad("BOT_COMMAND_INVALID" if c.get("description") else "BOT_COMMAND_DESCRIPTION_INVALID")
        bot.kept["commands", str(p.get("scope")), p.get("language_code") or ""] = cmds
        return True

    def m_getmycommands(self, bot, p, files, lint):
        return bot.kept.get(("commands", str(p.get("scope")), p.get("language_code") or ""), [])

    def m_sendchataction(self, bot, p, files, lint):
        self.chat(bot, p)
        return True
