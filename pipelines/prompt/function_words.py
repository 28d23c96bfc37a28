"""Words of a prompt that are not about music: what turns a wish around, what carries none, and what is no slip."""

NEGATIONS = (
    "no, not, without, w / o, wo, dont, do not, never, nor, neither, anything but, everything but, any genre but, "
    "minus, except, "
    "except for, excluding, exclude, avoid, avoiding, skip, leave out, omit, lacking, sans, free of, instead of, "
    "rather than, isnt, is not, arent, are not, shouldnt, should not, hate, dislike, dont want, dont use, no more, "
    "everything except, anything except, other than, apart from, cannot, cant, doesnt, does not, mustnt, must not, "
    "leave, nothing"
)
"""Words that turn what comes next around, up to a full stop, a comma or "but"."""

LIST_NEGATIONS = (
    "without, w / o, wo, except, except for, excluding, exclude, minus, avoid, avoiding, omit, leave out, skip, "
    "lacking, sans, "
    "everything but, everything except, other than, apart from"
)
"""Those of them that rule out a whole list: "without drums, bass and piano"; "no drums, bass and piano" rules out one."""

NOT_NEGATIONS = (
    "not only, not just, nothing but, nothing except, nothing else, no more than, no longer than, not more than, "
    "not less than, "
    "not longer than, not over, no less than, no matter, not sure, no problem, why not, if not, whether or not, "
    "no idea, "
    "no other, no one else, nobody else, not without, cant wait, no preference, dont know, dont care, dont mind, "
    "never mind, "
    "at most, no lyrics, without lyrics, no words, without words"
)
"""Words that look like a negation and change nothing."""

TURNS = "but, just, only, with, yet, instead, though, however, please, using, featuring, for, in, at, use, keep"
"""Words that end a negation."""

FILLERS = (
    "a, an, the, this, that, these, those, it, its, it's, i, me, my, mine, you, your, we, us, our, he, him, his, "
    "she, her, "
    "they, them, their, id, ill, im, ive, youd, lets, let, thats, theres, whats, someone, somebody, something, "
    "everything, "
    "anything, thing, things, one, ones, some, any, all, each, every, both, either, another, other, "
    "others, else, "
    "and, or, also, too, as, well, plus, then, so, n, of, to, from, by, on, into, onto, over, under, up, out, off, "
    "through, "
    "about, around, between, during, after, before, around, roughly, approximately, approx, circa, ca, exactly, "
    "maybe, perhaps, "
    "possibly, probably, is, are, am, be, been, being, was, were, will, would, could, can, should, shall, may, "
    "might, must, do, "
    "does, did, done, have, has, had, having, want, wants, wanted, wish, wishes, need, needs, like, likes, love, "
    "loved, prefer, "
    "think, give, gives, get, gets, got, make, makes, making, made, create, creates, creating, compose, composes, "
    "composing, "
    "composed, composition, generate, generates, write, writes, writing, written, produce, play, plays, playing, "
    "played, player, "
    "players, hear, sound, sounds, sounding, please, pls, plz, thanks, thank, thx, hi, hello, hey, ok, okay, yes, "
    "yeah, sure, "
    "kindly, just, only, really, very, quite, rather, pretty, fairly, somewhat, slightly, extremely, super, "
    "incredibly, totally, absolutely, truly, bit, little, lot, lots, "
    "kind, kinda, "
    "sort, sorta, much, more, most, many, few, such, even, again, ever, always, here, there, "
    "now, how, what, "
    "which, who, whose, where, when, while, why, if, because, than, per, etc, ie, eg, vs, via, ish, esque, "
    "song, songs, piece, pieces, tune, tunes, track, tracks, music, musical piece, number, composition, work, "
    "recording, "
    "instrumental, instrumentals, instrument, instruments, instrumentation, instrumented, arrangement, arranged, "
    "version, "
    "style, styles, styled, type, genre, mood, moods, feel, feels, feeling, feelings, vibe, vibes, flavour, flavor, "
    "flavoured, flavored, character, touch, hint, atmosphere, tone, tempo, tempi, speed, pace, bpm, key, mode, "
    "scale, signature, "
    "meter, metre, time, beat, rhythm, form, structure, structured, length, duration, lasting, lasts, last, bar, bars, "
    "measure, measures, minute, minutes, second, seconds, inspired, based, influenced, reminiscent, similar, "
    "nice, good, great, beautiful, beautifully, lovely, cool, awesome, amazing, wonderful, pleasant, new, own, "
    "proper, real, "
    "fine, best, better, perfect, accompaniment, accompanied, accompanying, backing, background, backed, featuring, "
    "feature, "
    "features, featured, including, include, includes, included, containing, contains, consisting, together, along, "
    "alongside, "
    "with, w, in, at, for, but, yet, though, however, instead, use, using, used, keep, set, take, put, add, go, "
    "goes, going, "
    "come, comes, solo, soloist, unaccompanied, alone, section, part, parts, melody, tuneful, bpms, possible, "
    "suitable, theme, themes, "
    "free, &, +, help, try, able, next, first, start, starts, starting, today, someday, wanna, gonna, gotta, whole, "
    "entire"
)
"""Words that carry no wish of their own; they are passed over."""

NOT_WITHOUT = (
    "melody, solo, rhythm, beat, accompaniment, background, backing, section, sections, parts, key, tempo, form, time"
)
"""Words that carry no wish, except behind "no": "no melody" is not understood."""

AMBIGUOUS = (
    "house, rock, country, march, club, mass, round, western, trailer, jungle, suite, rag, dance, number, rave, "
    "rap, chart, "
    "trap, energy, brushes, beats, tenor, soul, voice, key, keys, bells, whistle, horn, winds, triangle, bass, "
    "canon, reel"
)
"""Words that are no music after "my", "her", "about the" and the like: "a song about my house"."""

OWNERS = "my, your, his, her, their, our, about"

SIZES = {"duo": 2, "duet": 2, "duets": 2, "trio": 3, "quartet": 4, "quintet": 5, "sextet": 6, "septet": 7, "octet": 8}
"""How many play; understood where as many instruments are named."""

ERA_WORDS = "style, vibe, vibes, sound, sounds, feel, era, inspired, retro, nostalgia, hit, hits"
"""What makes "60s" years rather than seconds, as a genre behind it does."""

PATTERN_WORDS = (
    "second", "seconds", "minute", "minutes", "measure", "measures", "sharp", "quarter", "crotchet", "eighth", "quaver", "dotted",
    "half", "minim", "hundred", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "ionian", "harmonic", "natural", "melodic",
    "flat", "quarters", "couple", "few", "hour", "hours", "length", "duration", "signature", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
    "ninety", "fifteen", "sixteen", "intro", "introduction", "outro", "coda", "ending", "drop", "drops",
)  # fmt: skip
"""Words of numbers, lengths and keys."""

SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"

SLIPS_OF = (
    "acoustic, electric, quartet, quintet, string, electronic, bossa, verse, chorus, through, composed, section, "
    "orchestra, "
    "minute, minutes, seconds, measures, quarter, crotchet, tempo, without, please, instrumental, accompaniment, "
    "music, melody, piece, pieces"
)
"""Words besides the phrases of one word that slips are read as."""

ORDINARY = (
    "according, aggression, aggressively, agitate, agitator, agog, allegra, alternate, alternating, alternation, "
    "alternatively, animate, animator, anther, ballard, balled, balls, baseline, bases, bashes, bassos, bastes, "
    "bats, beast, beets, betas, bets, bight, bills, bingo, blaming, blaring, bleats, blight, blooding, bluest, "
    "blushes, boats, bogie, bolls, bong, bono, boogied, bookie, bootie, boss, bossy, bounce, bounty, bras, "
    "brassy, brie, bristly, brooking, brusk, bruskly, bugled, bugler, bulge, bulls, bungle, burgle, bushes, "
    "busses, cajun, calder, calking, caller, calling, calmed, calving, cambia, cannon, canton, canyon, caps, "
    "cart, carton, cartooning, cartoonist, castaneda, castanet, cell, chair, chandon, char, chat, cheeky, cheer, "
    "cheesy, cherry, chides, chiles, chiller, chilli, chilly, chime, chimed, chimps, chives, chores, chortle, "
    "chorused, christens, christian, clamps, clap, clasp, classically, climes, clips, clops, comb, como, "
    "composer, composted, concerning, concert, concerti, concertinaed, concerting, concreting, cong, congo, "
    "conical, contemplate, contemplating, contemplation, contraband, converting, coral, cords, cornea, corned, "
    "corner, coronet, corset, cosmic, county, creep, crimes, crochet, crotches, crotchety, cuba, danced, dancer, "
    "dane, danker, dankly, dankness, darken, decreased, decreasing, dedicate, depressant, depresses, "
    "depressingly, depression, depressive, deriving, digressed, digressing, dire, disc, diving, dole, drams, "
    "dreary, droned, dunce, eerier, elector, electra, electron, enchanter, erie, exchanged, excising, exiting, "
    "fagot, falter, fanny, fasted, fasten, fatter, fester, fiddled, fiddler, fiddly, finery, finny, float, "
    "flouting, flue, flunky, fluted, foster, fuddle, gallic, gallop, gambia, garlic, garotte, gave, gentile, "
    "gentled, gentler, gentry, gipsy, glop, goof, grad, grange, graved, gravel, gravelly, graven, graver, gravy, "
    "grind, grooved, grove, grudge, grungy, gyps, hairiness, hairstyle, handicaps, handiness, hardiness, "
    "harmonious, hastiness, heartbeat, heartiest, helicoptered, heroin, hippy, hose, housed, humanistic, "
    "humorists, hunted, hunting, hymens, impressionism, impressions, incense, inception, india, indio, indue, "
    "infection, ingestion, injection, insertion, intenser, intention, intimated, inventing, inventive, inversion, "
    "iris, irtish, jangle, jelly, jingle, juggle, kettledrum, lain, lambent, lamest, lamont, lander, large, "
    "latent, latina, latinx, leno, lent, lightheaded, likely, linger, livery, living, lodger, logger, loner, "
    "longed, looked, looking, loomed, looming, loosed, loosing, looted, looting, loped, loping, lopped, lopping, "
    "lops, losing, lowing, lydia, mach, mallow, maraca, marc, marched, marcher, marry, marshes, matches, "
    "matching, mazourka, meal, measured, mediation, medication, meditatively, mellon, mental, meringue, meta, "
    "miner, minuit, minuted, minuter, minutest, mira, mischievously, moderated, moderating, moderation, "
    "moderator, modulator, monumentally, monuments, musial, musicale, mysteries, neoclassic, nobel, nobler, "
    "nobly, nocturnal, optimists, oran, paunchy, pease, peppy, permission, persuasion, phrygia, pieced, pierce, "
    "pilate, pimping, pirated, pisces, pizzicati, plaintiff, plaintively, pleas, pleased, plumping, polk, poppa, "
    "prate, preclude, preston, pulping, punch, pupping, puppy, quack, quirks, quit, racking, raid, raped, rebels, "
    "reclamation, recorded, reggie, related, relating, relayed, relaying, relegation, relocation, reorder, "
    "reparation, repels, retrain, reusing, revels, rhode, ricking, ricky, ronda, rooking, rotund, rouging, "
    "routing, sadden, salas, sander, sanger, sawing, scanty, scar, scare, scherzi, seedy, seep, sentiment, "
    "sentimentally, serena, serenaded, serener, sewing, shake, shaken, shakier, shana, shandy, shant, shaver, "
    "shirt, shooter, shorted, shorten, shot, shower, sicilian, signer, signing, sill, sing, singe, singed, "
    "singeing, singling, sinker, sinking, sinner, sinning, siring, site, sleety, slily, slinging, slowed, smooch, "
    "smoothing, smoothy, snared, snore, sober, softy, sonny, sooth, sorrowfully, sorter, sottish, sower, sowing, "
    "space, spaced, spay, spicy, spine, spook, spring, stacey, stall, star, staring, sting, stinger, stinging, "
    "storing, strife, strike, stringy, stripe, strive, strode, strong, strung, suction, suit, suited, sully, "
    "summary, summer, sunni, sweat, swig, swigging, swinger, symphonies, synchs, synthesis, synthesize, "
    "synthesized, table, tang, tangy, tarantula, temp, tempe, tended, tensed, tenser, tensor, thorough, "
    "thralling, thrilled, tinder, trace, tradition, traditionally, trailed, trainer, tranquiler, tranquiller, "
    "tranquilly, transitional, trawler, trilling, triumphantly, triumphed, triumphing, trough, trumped, ukelele, "
    "unease, unplumbed, unsealing, unseating, upsetting, vale, valise, vaporware, vase, verges, versed, versus, "
    "vicarious, vice, victorians, victories, victoriously, videotape, vies, vila, villas, viol, voiced, walt, "
    "waltzed, wands, weeding, weeing, wends, whimsically, whistled, whistler, whittle, wins, wishful, woodlands, "
    "woodstock"
)
"""English words that are a slip away from a word of music, and are never read as it."""
