"""Documents built, written, parsed, grouped and thinned out.   documents.py ROUNDS"""
import json
import random
import re
import sys

source = random.Random(7)
kept = {}
total = 0
for number in range(int(sys.argv[1])):
    documents = [{"id": i, "words": [f"word{source.randrange(3000)}" for _ in range(12)], "text": "x" * source.randrange(300)}
                 for i in range(3000)]
    parsed = json.loads(json.dumps(documents))
    index = {}
    for document in parsed:
        for word in document["words"]:
            index.setdefault(word, []).append((document["id"], document["text"][:40]))
    total += sum(len(re.findall(r"d(\d+)", " ".join(document["words"]))) for document in parsed)
    kept.update({(number, word): places for word, places in index.items() if source.random() < 0.2})
    for key in [key for key in kept if source.random() < 0.4]:
        del kept[key]
print(total, len(kept))
