// Every form of the page works without this file: it only spares reloading it.
(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const [log, taps, composer, text, notice, waiting] =
    ["log", "taps", "composer", "text", "notice", "waiting"].map(find);
  let busy = false;

  const say = (node) => notice.replaceChildren(...(node ? [node] : []));
  const sayWords = (words) => {
    const line = document.createElement("p");
    line.textContent = words;
    say(line);
  };

  const setBusy = (value) => {
    busy = value;
    document.body.classList.toggle("busy", value);
    composer.querySelector("button").disabled = value;
    text.readOnly = value; // not disabled: that would close a phone's keyboard and lose the focus
    text.setAttribute("aria-disabled", value);
    waiting.textContent = value ? waiting.dataset.words : "";
  };

  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };

  // As if there were no script: the same form, sent the ordinary way.
  const sendPlainly = (form, more) => {
    for (const [name, value] of more) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
      form.append(input);
    }
    form.submit();
  };

  const offerPosition = () => {
    const offers = log.querySelectorAll("[data-position]");
    offers.forEach((offer) => {
      const isLast = log.lastElementChild.contains(offer);
      offer.hidden = !(isLast && "geolocation" in navigator && window.isSecureContext);
    });
  };

  const show = (part, typed) => {
    document.querySelectorAll("input[name=once]").forEach((input) => { input.value = part.dataset.once; });
    document.querySelectorAll("input[name=start]").forEach((input) => input.remove());
    if (location.search) history.replaceState(null, "", "/");
    if ("whole" in part.dataset) log.replaceChildren();
    log.querySelectorAll(".sending").forEach((asked) => asked.remove());
    log.querySelectorAll("details[open]").forEach((choices) => { choices.open = false; });
    if (part.querySelector("#suite")) log.querySelector("#suite")?.removeAttribute("id");
    const first = part.firstElementChild;
    log.append(...part.children);
    offerPosition();
    const newest = find("suite") || first;
    if (!newest) return;
    newest.scrollIntoView({ block: "start" });
    // A button that was touched is put away: the focus goes on to what it brought. Words typed on a phone too,
    // so that its keyboard does not hide the answer; with a real keyboard, one goes on typing.
    if (!typed || matchMedia("(pointer: coarse)").matches) newest.focus({ preventScroll: true });
  };

  const send = async (form, more) => {
    if (busy) return;
    setBusy(true);
    say();
    const body = new FormData(form);
    for (const [name, value] of more) body.append(name, value);
    const seen = log.lastElementChild?.dataset.key;
    if (seen) body.set("seen", seen);
    let response, html;
    try {
      const withPhoto = form.enctype === "multipart/form-data";
      const sent = withPhoto ? body : new URLSearchParams(body);
      const signal = AbortSignal.timeout?.(withPhoto ? 120000 : 30000);
      response = await fetch(form.action, { method: "POST", body: sent, headers: { "X-Fragment": "1" }, signal });
      html = await response.text();
    } catch {
      setBusy(false);
      sayWords(notice.dataset.offline);
      return;
    }
    setBusy(false);
    const part = response.headers.has("X-Fragment") && parse(html);
    if (!part) return sendPlainly(form, more);
    if (!response.ok) return say(part);
    if (form === composer) text.value = "";
    show(part, form === composer);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form !== composer && !button) return;
    event.preventDefault();
    send(form, button?.name ? [[button.name, button.value]] : []);
  });

  log.addEventListener("click", (event) => {
    if (busy || !event.target.closest("[data-position] button")) return;
    setBusy(true);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setBusy(false);
        // Ten metres are precise enough to say which door is nearest.
        send(taps, [["latitude", coords.latitude.toFixed(4)], ["longitude", coords.longitude.toFixed(4)]]);
      },
      () => {
        setBusy(false);
        sayWords(notice.dataset.nowhere);
        text.focus();
      },
      { maximumAge: 60000, timeout: 15000 },
    );
  });

  // A page kept by the browser for its "back" button no longer says where the conversation is.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());

  offerPosition();
  if (log.children.length > 1 && !location.hash) find("suite")?.scrollIntoView({ block: "start", behavior: "instant" });
})();
