import { describe, expect, test } from "vitest";
import { nameNote } from "../../../shared/media/kinds.ts";

describe("a name that says something else than the bytes is noted", () => {
  test.each([
    ["1.png", "image/jpeg", ".png", ".jpg"],
    ["art/Dragon.JPG", "image/png", ".jpg", ".png"],
    ["https://example.com/a/1.png?x=1.gif#y", "image/webp", ".png", ".webp"],
    ["ipfs://QmX/1.gif", "video/mp4", ".gif", ".mp4"],
    ["song.wav", "audio/mpeg", ".wav", ".mp3"],
    ["photo.heic", "image/jpeg", ".heic", ".jpg"],
    ["C:\\art\\1.bmp", "image/png", ".bmp", ".png"],
    ["notes.txt", "image/svg+xml", ".txt", ".svg"],
  ])("%s as %s", (name, contentType, said, sent) => {
    expect(nameNote(name, contentType)).toBe(
      `The name says ${said}, the bytes are ${contentType}: sent as ${sent}.`,
    );
  });

  test.each([
    ["1.png", "image/png"],
    ["1.PNG", "image/png"],
    ["1.jpeg", "image/jpeg"],
    ["1.apng", "image/png"],
    ["1.m4v", "video/mp4"],
    ["1.ogg", "video/ogg"],
    ["1.ogv", "audio/ogg"],
    ["1.opus", "audio/ogg"],
    ["1", "image/png"],
    ["https://example.com/1", "image/png"],
    ["https://example.com/picture.php?id=1", "image/png"],
    ["https://example.com", "image/png"],
    ["v1.2", "image/png"],
    ["(data URL)", "image/png"],
    ["1.png", "application/pdf"],
  ])("%s as %s is none", (name, contentType) => {
    expect(nameNote(name, contentType)).toBeNull();
  });
});
