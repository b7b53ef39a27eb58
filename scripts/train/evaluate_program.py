"""Measures the shipped program: `edge-agent recognize --json` on the pack's pictures that nothing was trained on.

    python evaluate_program.py [--program ../../target/release/edge-agent] [--models ../../models] [--data ../shared/data] [--only gate,web,crops,negatives]

gate       us-gate: found (IoU > 0.3) and read exactly (O = 0); nothing was trained or tuned on it
web        held-out det-web photographs: labelled plates of 40 pixels' width or more, found at IoU > 0.5 and > 0.3; texts read by eye, exactly
crops      held-out us-crops and br-crops (by text): pictures with a text, and the text exactly, with wrong labels put right and as published
negatives  held-out plate-free pictures: pictures and texts that the program reads something in

Counts with Wilson 95 % intervals. Without `--program` being built: `cargo build --release -p edge-agent`.
"""

import argparse
import csv
import json
import os
import subprocess

import detection
import layouts
import reader_data
import scenes
from evaluate_detector import wilson

LEAST_WIDTH = 40


def recognised(options, images: list[str]) -> dict[str, list]:
    """What the program reads in each picture of the pack, and prints its median times."""
    paths = {os.path.join(options.data, "plates", image): image for image in images}
    command = [options.program, "recognize", "--json", "--threads", "1", "--models", options.models, *paths]
    lines = [json.loads(line) for line in subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True).stdout.splitlines()]
    millis = sorted(line["millis"]["total"] for line in lines if "millis" in line)
    if millis:
        print(f"  {len(millis)} pictures, {millis[len(millis) // 2]:.0f} ms each in the middle, on one thread")
    return {paths[line["file"]]: line.get("plates", []) + [{"text": "", **plate} for plate in line.get("unread", [])] for line in lines}


def with_text(plates: list) -> list:
    return [plate for plate in plates if plate["text"]]


def best_of(plates: list, box) -> tuple[float, str]:
    """The overlap and text of the plate, read or not, that overlaps a labelled box best."""
    return max(((detection.iou(tuple(plate["box"]), tuple(box)), plate["text"]) for plate in plates), default=(0.0, ""))


def same(text: str, want: str) -> bool:
    return text.replace("O", "0") == layouts.registration_text(want, True)


def measure_gate(options) -> None:
    rows = reader_data.real_rows(options.data, "us-gate")
    seen = recognised(options, [row["image"] for row in rows])
    found = read = right = 0
    for row in rows:
        overlap, text = best_of(seen[row["image"]], [float(row[key]) for key in "xywh"])
        found += overlap > 0.3
        read += overlap > 0.3 and bool(text)
        right += overlap > 0.3 and same(text, row["text"])
    print(f"us-gate: found (IoU > 0.3) {wilson(found, len(rows))}; with a text {wilson(read, len(rows))}; read exactly {wilson(right, len(rows))}")


def measure_web(options) -> None:
    photos = {path: boxes for path, boxes in scenes.web_photos(options.data).items() if scenes.held_out(path)}
    seen = recognised(options, list(photos))
    labelled = [(path, box) for path, boxes in photos.items() for box in boxes if box[2] >= LEAST_WIDTH]
    for name, plates_of in (("found", lambda path: seen[path]), ("found and with a text", lambda path: with_text(seen[path]))):
        overlaps = [best_of(plates_of(path), box)[0] for path, box in labelled]
        print(
            f"held-out det-web, plates of {LEAST_WIDTH} pixels or more, {name}: IoU > 0.5 {wilson(sum(one > 0.5 for one in overlaps), len(overlaps))}; "
            f"IoU > 0.3 {wilson(sum(one > 0.3 for one in overlaps), len(overlaps))}; {sum(len(plates_of(path)) for path in photos)} in {len(photos)} photographs"
        )
    right = total = 0
    for text, _, image, box in web_texts(options.data):
        if image in seen and box[2] >= LEAST_WIDTH:
            overlap, got = best_of(with_text(seen[image]), box)
            total += 1
            right += overlap > 0.3 and same(got, text)
    print(f"held-out det-web, plates of {LEAST_WIDTH} pixels or more that one can read by eye: read exactly {wilson(right, total)}")


def web_texts(data: str):
    """(text, region, picture, box) of the det-web plates that could be read by eye."""
    with open(os.path.join(reader_data.LABELS, "det-web-texts.csv"), newline="") as file:
        for row in csv.DictReader(file):
            if row["sure"] == "1" and 2 <= len(row["text"]) <= 10:
                yield row["text"], row["region"], row["image"], [float(row[key]) for key in "xywh"]


def measure_crops(options) -> None:
    wrong = {image: read for image, (read, certainty) in reader_data.corrections().items() if certainty != "low"}
    for subset, us in (("us-crops", True), ("br-crops", False)):
        published = {row["image"]: layouts.registration_text(row["text"], us) for row in reader_data.real_rows(options.data, subset)}
        held = {image: text for image, text in published.items() if len(text) >= 3 and reader_data.in_validation(text)}
        seen = recognised(options, list(held))
        texts = {image: [plate["text"] for plate in with_text(seen[image])][:1] for image in held}
        right = sum(any(same(text, wrong.get(image, want)) for text in texts[image]) for image, want in held.items())
        as_published = sum(any(same(text, want) for text in texts[image]) for image, want in held.items())
        print(
            f"held-out {subset}: with a text {wilson(sum(map(bool, texts.values())), len(held))}; read exactly {wilson(right, len(held))}, "
            f"by the labels as published {wilson(as_published, len(held))}"
        )


def measure_negatives(options) -> None:
    images = [path for path in scenes.negatives(options.data) if scenes.held_out(path)]
    seen = recognised(options, images)
    reads = [(plate["text"], plate["confidence"]) for plates in seen.values() for plate in with_text(plates)]
    print(
        f"held-out negatives: pictures with a read {wilson(sum(bool(with_text(plates)) for plates in seen.values()), len(images))}; reads {reads}; "
        f"pictures with a plate, read or not {wilson(sum(map(bool, seen.values())), len(images))}"
    )


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(here, "../../target/release/edge-agent"))
    parser.add_argument("--models", default=os.path.join(here, "../../models"))
    parser.add_argument("--data", default=os.path.join(here, "../../../shared/data"))
    parser.add_argument("--only", default="gate,web,crops,negatives")
    options = parser.parse_args()
    measures = {"gate": measure_gate, "web": measure_web, "crops": measure_crops, "negatives": measure_negatives}
    for name in options.only.split(","):
        measures[name](options)


if __name__ == "__main__":
    main()
