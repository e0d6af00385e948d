"""Job 2: a JSON object out of a text, by a schema."""

import json
from dataclasses import dataclass
from random import Random

from . import values
from .example import Example, assistant, system, user
from .fields import Field, Spoken, Value, enum_choices, make_fields, make_value
from .split import Pool, Split

KINDS = (
    "person person city integer integer decimal day time email phone title thing code identifier organisation job colour language country "
    "street strings integers enum boolean topic"
).split()
FIELD_SENTENCES = Pool("fields in sentences", [
    "The {name} is {value}.", "{Name}: {value}.", "{value} is the {name}.", "As {name} we have {value}.",
    "The {name} was given as {value}.",
    "{Name} is {value}.", "We noted {value} as the {name}.", "For the {name}, use {value}.", "Its {name} is {value}.",
    "There is also the {name}, {value}.",
    "The {name} should be {value}.", "With {value} as {name}.", "They wrote {value} for the {name}.", "{Name} = {value}.",
    "The {name} reads {value}.",
    "I think the {name} is {value}.", "According to the form, the {name} is {value}.", "The {name} turned out to be {value}.",
    "Please note the {name}: {value}.",
    "The {name} has changed to {value}.", "{value} was entered under {name}.", "Regarding the {name}: {value}.",
    "You will find that the {name} is {value}.",
    "The {name} we have is {value}.", "The {name} you asked for is {value}.", "The {name} remains {value}.", "The {name} was {value}.",
    "The {name} will be {value}.", "The {name} must be {value}.", "The {name} equals {value}.", "The {name} goes by {value}.",
    "The {name} on file is {value}.", "The {name} is now {value}.", "The {name}, by the way, is {value}.",
    "The {name} stands at {value}.", "The {name} says {value}.", "This has the {name} {value}.", "This one has {value} as {name}.",
    "It has the {name} {value}.", "It comes with the {name} {value}.", "It shows {value} as the {name}.", "Its {name} was {value}.",
    "Their {name} is {value}.", "Our {name} is {value}.", "My {name} is {value}.", "Here the {name} is {value}.",
    "As for the {name}: {value}.", "As to the {name}, it is {value}.", "By the way, the {name} is {value}.",
    "I have {value} for the {name}.", "I wrote down {value} as {name}.", "I got {value} as the {name}.",
    "I am told the {name} is {value}.", "We agreed on {value} as the {name}.", "We use {value} as {name}.",
    "We took {value} for the {name}.", "We set the {name} to {value}.", "We keep {value} as the {name}.",
    "They gave {value} as the {name}.", "They said the {name} was {value}.", "They chose {value} for the {name}.",
    "She said that the {name} is {value}.", "He entered {value} as {name}.", "Somebody put {value} as the {name}.",
    "The list says {value} for {name}.", "The form says: {name} {value}.", "The record shows {name} {value}.",
    "The system shows {value} for {name}.", "In the field {name} it says {value}.", "In the box for the {name} there is {value}.",
    "Under {name} you will find {value}.", "Under {name}: {value}.", "{Name} - {value}.", "{Name} ({value}).", "{Name}? {value}.",
    "{Name} was {value}.", "{Name} set to {value}.", "{Name}, {value}.", "{value} is what they gave as the {name}.",
    "{value} would be the {name}.", "{value} was the {name}.", "{value} has been set as {name}.", "{value} counts as the {name}.",
    "{value} stands for the {name}.", "{value} should go into {name}.", "{value} belongs under {name}.", "And {value} is the {name}.",
    "And the {name} is {value}.", "Also, the {name} is {value}.", "Then there is {value}, the {name}.",
    "Please use {value} as the {name}.", "Please set {name} to {value}.", "Please put {value} under {name}.",
    "Make sure the {name} is {value}.", "Remember that the {name} is {value}.", "Do not forget the {name}: {value}.",
    "Important: the {name} is {value}.", "Note that the {name} is {value}.", "Correction: the {name} is {value}.",
    "Set {name} = {value}.",
])  # fmt: skip
FIELD_PARTS = Pool("fields in lists", [
    "{name} {value}", "{name}: {value}", "{value} ({name})", "{name} = {value}", "the {name} {value}", "{name} is {value}",
    "{value} as {name}", "{name} - {value}",
    "with {name} {value}", "{value} for the {name}",
    "{name} -> {value}", "{name} => {value}", "{name} | {value}", "{name}, {value}", "{name} ({value})", "{name}; {value}",
    "[{name}] {value}", "{name} was {value}", "{name} should be {value}", "{name} set to {value}", "{name} equals {value}",
    "- {name}: {value}", "* {name}: {value}", "<{name}> {value}", "its {name} {value}", "our {name} is {value}", "my {name} is {value}",
    "the {name} is {value}", "the {name}: {value}", "the {name} being {value}", "{value} is the {name}", "{value} = {name}",
    "{value} [{name}]", "{value}, the {name}", "{value} is its {name}", "{name} of {value}", "a {name} of {value}",
])  # fmt: skip
OPENINGS = Pool("openings of texts", [
    "", "", "Hello, ", "Here is the data. ", "New entry. ", "From the form: ", "Dear team, ", "Hi all, ", "Record: ", "As discussed: ",
    "Summary of the call. ",
    "Note to self. ", "Good morning, ", "Customer wrote: ", "Log entry: ", "Update: ", "Please process this. ", "I have the following. ",
    "Report. ",
    "Hi, ", "Hey, ", "Hello there. ", "Dear Sir or Madam, ", "To whom it may concern: ", "FYI: ", "Reminder: ", "Message: ", "Memo. ",
    "Minutes: ", "Ticket: ", "Request: ", "Notice: ", "News: ", "Attention: ", "Voice message: ", "Transcript: ", "The mail says: ",
    "They wrote: ", "She wrote: ", "Our notes: ", "Data: ", "Details: ", "Info: ", "Facts: ", "Status: ", "Review: ", "Email body: ",
    "Form 12. ", "Entry 7. ", "Page 3. ", "Good afternoon, ", "Good evening, ", "As you know, ", "As requested, ", "As promised, ",
    "Just so you know: ", "For your records: ", "For the file: ", "Quick note: ", "Short version: ", "Draft: ", "Copy: ", "New: ",
])  # fmt: skip
FILLERS = Pool("fillers", [
    "Everything else is as before.", "Thank you for your patience.", "We will be in touch.", "That is all for now.",
    "The weather was fine.",
    "Nobody complained.", "It took a while.", "Please do not reply.", "This was checked twice.", "More will follow.",
    "Sorry for the delay.",
    "It was a long day.", "The rest is not known yet.", "Let us know if there are questions.", "We are happy with it.",
    "No further remarks.",
    "The office is closed tomorrow.", "I hope this helps.", "Best regards.", "Have a nice day.",
    "I will call again tomorrow.", "Thanks again.", "See you soon.", "Take care.", "Please confirm.", "No answer is needed.",
    "The line was bad.", "All the best.", "The coffee was cold.", "Everyone was there.", "It rained all day.",
    "Nothing else has changed.", "The details follow.", "We apologise for the delay.", "Please keep this for your records.",
    "I am out of office until Monday.", "Sent from my phone.", "Thank you for writing to us.", "Your opinion matters.",
    "The rest is secret.", "It was late when we finished.", "I have no other news.", "You know the rest.",
    "There is not much more to say.", "This is only a draft.", "Nobody was hurt.", "The old version is gone.", "We do this every year.",
    "The weather is bad here.", "Do not tell anybody.", "Ask me if anything is unclear.", "This message was written by a machine.",
    "All other fields are empty.", "Call me back.", "I am sorry about that.", "The printer is broken again.", "They were very kind.",
    "Have fun.", "What a day.", "Good luck with it.",
])  # fmt: skip
# Natural sentences for several fields at once: kinds, keys, text.
STORIES = [
    ("name:person age:integer city:city", "{name} is {age} years old and lives in {city}."),
    ("name:person age:integer city:city", "My name is {name}, I am {age} and I come from {city}."),
    ("name:person age:integer city:city", "At {age}, {name} moved to {city}."),
    ("name:person job:job city:city", "{name} works as a {job} in {city}."),
    ("name:person job:job company:organisation", "{name} is a {job} at {company}."),
    ("name:person job:job company:organisation", "{company} has hired {name} as its new {job}."),
    ("name:person email:email phone:phone", "You can reach {name} at {email} or {phone}."),
    ("name:person email:email phone:phone", "{name}'s address is {email}, the phone number is {phone}."),
    ("name:person email:email", "Please write to {name} ({email})."),
    ("product:thing price:decimal currency:currency", "The {product} costs {price} {currency}."),
    ("product:thing price:decimal currency:currency", "We sell the {product} for {price} {currency}."),
    ("product:thing quantity:integer customer:person", "{customer} ordered {quantity} pieces of the {product}."),
    ("product:thing quantity:integer customer:person", "{quantity} x {product} for {customer}, please."),
    ("product:thing color:colour price:decimal", "A {product} in {color} for {price} euros."),
    ("origin:city destination:city date:day", "The trip from {origin} to {destination} is on {date}."),
    ("origin:city destination:city date:day", "On {date} we leave {origin} for {destination}."),
    ("event:title date:day place:city", '"{event}" takes place in {place} on {date}.'),
    ("event:title date:day place:city", "Come to {place} on {date} for {event}!"),
    ("event:title date:day time:time", "{event} starts on {date} at {time}."),
    ("guest:person nights:integer room:code", "{guest} stays for {nights} nights in room {room}."),
    ("sender:person receiver:person amount:decimal", "{sender} sent {amount} to {receiver}."),
    ("sender:person receiver:person amount:decimal", "{receiver} received {amount} from {sender}."),
    ("order_id:code customer:person total:decimal", "Order {order_id} of {customer} comes to {total}."),
    ("order_id:code status:enum", "Order {order_id} is {status}."),
    ("title:title author:person year:integer", '"{title}" was written by {author} in {year}.'),
    ("title:title author:person pages:integer", "{author}'s book {title} has {pages} pages."),
    ("flight:code gate:code time:time", "Flight {flight} leaves from gate {gate} at {time}."),
    ("patient:person doctor:person date:day", "{patient} will see Dr. {doctor} on {date}."),
    ("city:city temperature:decimal humidity:integer", "It is {temperature} degrees in {city} with {humidity} percent humidity."),
    ("team:organisation opponent:organisation score:integer", "{team} beat {opponent} and scored {score} points."),
    ("file:file size:integer owner:person", "{file} belongs to {owner} and has {size} kilobytes."),
    ("attendees:people date:day", "On {date}, {attendees} will meet."),
    ("attendees:people topic:topic", "{attendees} talked about {topic}."),
    ("animal:thing name:surname weight:decimal", "{name} the {animal} weighs {weight} kilograms."),
    ("street:street city:city", "We live at {street} in {city}."),
    ("language:language country:country", "In {country} people speak {language}."),
    ("name:person age:integer city:city", "{name}, aged {age}, has a flat in {city}."),
    ("name:person age:integer city:city", "I met {name} ({age}) in {city}."),
    ("name:person age:integer job:job", "{name} is {age} and works as a {job}."),
    ("name:person age:integer job:job", "Our {job} {name} turned {age} last week."),
    ("name:person age:integer", "{name} will be {age} next month."),
    ("name:person age:integer", "Happy birthday to {name}, who is now {age}!"),
    ("name:person city:city", "{name} from {city} called."),
    ("name:person city:city", "Someone called {name} wrote to us from {city}."),
    ("name:person city:city country:country", "{name} moved from {city} to another town in {country}."),
    ("name:person country:country", "{name} was born in {country}."),
    ("name:person street:street city:city", "{name}, {street}, {city}"),
    ("name:person street:street", "Deliver it to {name} at {street}."),
    ("name:person street:street city:city", "The parcel goes to {name}, who lives at {street} in {city}."),
    ("name:person phone:phone", "Call {name} back at {phone}."),
    ("name:person phone:phone", "{name} left a number: {phone}."),
    ("name:person phone:phone city:city", "For our office in {city}, ask for {name} under {phone}."),
    ("name:person email:email company:organisation", "{name} ({company}) can be reached at {email}."),
    ("name:person email:email company:organisation", "Contact at {company}: {name}, {email}"),
    ("email:email phone:phone", "Mail us at {email} or ring {phone}."),
    ("name:person job:job", "We are looking for a {job}; {name} has applied."),
    ("name:person job:job", "Ask {name}, the {job}."),
    ("name:person job:job city:city", "{name}, a {job} from {city}, won."),
    ("name:person company:organisation", "{name} has left {company}."),
    ("name:person company:organisation", "{name} joined {company}."),
    ("name:person company:organisation date:day", "On {date}, {name} starts at {company}."),
    ("name:person language:language", "{name} speaks {language}."),
    ("name:person language:language country:country", "{name} learned {language} in {country}."),
    ("name:person colour:colour", "{name} likes everything that is {colour}."),
    ("name:person hobby:topic", "{name} spends every evening on {hobby}."),
    ("name:person hobby:topic city:city", "In {city}, {name} gives a course on {hobby}."),
    ("product:thing price:decimal", "One {product} costs {price} euros."),
    ("product:thing price:decimal", "The price of the {product} is {price}."),
    ("product:thing price:decimal", "Buy the {product} now for only {price} dollars!"),
    ("product:thing price:decimal shop:organisation", "{shop} sells the {product} at {price}."),
    ("product:thing price:decimal shop:organisation", "I got a {product} at {shop} for {price} euros."),
    ("product:thing quantity:integer", "We need {quantity} of the {product}."),
    ("product:thing quantity:integer", "Please send {quantity} units of the {product}."),
    ("product:thing quantity:integer", "There are {quantity} left of the {product}."),
    ("product:thing quantity:integer price:decimal", "{quantity} times {product} at {price} each."),
    ("product:thing quantity:integer price:decimal", "{quantity} of the {product} for a total of {price}."),
    ("product:thing quantity:integer supplier:organisation", "{supplier} delivers {quantity} pieces of the {product}."),
    ("product:thing quantity:integer customer:person", "{customer} wants {quantity} of the {product}."),
    ("product:thing quantity:integer customer:person", "I'd like {quantity} of the {product}. Regards, {customer}"),
    ("product:thing color:colour size:enum", "The {product} comes in {color}, size {size}."),
    ("product:thing color:colour", "The {product} is {color}."),
    ("product:thing color:colour customer:person", "{customer} chose the {product} in {color}."),
    ("product:thing weight:decimal", "The {product} weighs {weight} kilograms."),
    ("product:thing length:decimal width:decimal", "The {product} is {length} metres long and {width} metres wide."),
    ("product:thing rating:integer reviewer:person", "{reviewer} gave the {product} {rating} points."),
    ("product:thing problem:sentence", 'The {product} came back. The customer says: "{problem}"'),
    ("product:thing serial_number:code", "Serial number {serial_number} is on the back of the {product}."),
    ("product:thing owner:person", "The {product} belongs to {owner}."),
    ("product:thing owner:person room:code", "In room {room} we found the {product} of {owner}."),
    ("item:thing borrower:person date:day", "{borrower} has to bring back the {item} on {date}."),
    ("item:thing place:city", "The {item} was last seen in {place}."),
    ("item:thing amount:decimal currency:currency", "{amount} {currency} for the {item}"),
    ("origin:city destination:city", "I am going from {origin} to {destination}."),
    ("origin:city destination:city", "Which trains run between {origin} and {destination}?"),
    ("origin:city destination:city price:decimal", "{origin} to {destination} costs {price} euros."),
    ("origin:city destination:city time:time", "The bus leaves {origin} at {time} and goes to {destination}."),
    ("origin:city destination:city distance:decimal", "From {origin} to {destination} it is {distance} kilometres."),
    ("origin:city destination:city passenger:person", "{passenger} flies from {origin} to {destination}."),
    ("origin:city destination:city carrier:organisation", "{carrier} takes us from {origin} to {destination}."),
    ("train:code platform:integer time:time", "Train {train} leaves from platform {platform} at {time}."),
    ("flight:code destination:city", "Flight {flight} to {destination} is delayed."),
    ("flight:code seat:code passenger:person", "{passenger} has seat {seat} on flight {flight}."),
    ("event:title date:day", "{event} is on {date}."),
    ("event:title date:day", "Save the date: {event}, {date}!"),
    ("event:title time:time", "{event} begins at {time}."),
    ("event:title time:time place:city", "{event}, {place}, {time}"),
    ("event:title host:person", "{host} invites you to {event}."),
    ("event:title host:person place:city date:day", "{host} gives {event} in {place} on {date}."),
    ("event:title price:decimal", "Tickets for {event} cost {price} euros."),
    ("event:title tickets:integer", "{tickets} tickets for {event}, please."),
    ("event:title visitors:integer place:city", "{visitors} people came to {event} in {place}."),
    ("meeting:topic date:day time:time", "We talk about {meeting} on {date} at {time}."),
    ("meeting:topic room:code", "The meeting on {meeting} is in room {room}."),
    ("speaker:person topic:topic", "{speaker} will speak about {topic}."),
    ("speaker:person topic:topic date:day", "On {date}: {speaker} on {topic}."),
    ("teacher:person subject:topic", "{teacher} teaches {subject}."),
    ("teacher:person subject:topic room:code", "{subject} with {teacher} takes place in {room}."),
    ("student:person grade:integer subject:topic", "{student} got {grade} points in {subject}."),
    ("student:person school:organisation", "{student} goes to {school}."),
    ("guest:person nights:integer", "A room for {guest}, {nights} nights."),
    ("guest:person date:day nights:integer", "{guest} arrives on {date} and stays {nights} nights."),
    ("guest:person people:integer time:time", "A table for {people} at {time} under the name of {guest}."),
    ("guest:person people:integer date:day", "{guest} comes with {people} people on {date}."),
    ("hotel:organisation city:city nights:integer", "{nights} nights at the {hotel} in {city}."),
    ("sender:person receiver:person", "A letter from {sender} to {receiver}."),
    ("sender:person receiver:person item:thing", "{sender} gave {receiver} a {item}."),
    ("sender:person amount:decimal", "{amount} euros have come in from {sender}."),
    ("sender:person receiver:person date:day", "{sender} wrote to {receiver} on {date}."),
    ("payer:person amount:decimal date:day", "{payer} paid {amount} on {date}."),
    ("payer:person amount:decimal currency:currency", "{payer} owes us {amount} {currency}."),
    ("account:code amount:decimal", "{amount} euros were booked to account {account}."),
    ("account:code owner:person", "Account {account} is held by {owner}."),
    ("invoice:code total:decimal", "Invoice {invoice}: {total} euros."),
    ("invoice:code total:decimal due_date:day", "Invoice {invoice} over {total} is due on {due_date}."),
    ("invoice:code customer:organisation", "We sent invoice {invoice} to {customer}."),
    ("order_id:code product:thing", "Order {order_id} contains a {product}."),
    ("order_id:code date:day", "Your order {order_id} arrives on {date}."),
    ("order_id:code customer:person", "{customer} asks about order {order_id}."),
    ("order_id:code quantity:integer product:thing", "Order {order_id}: {quantity} x {product}"),
    ("order_id:code reason:sentence", 'Order {order_id} was sent back with the note "{reason}".'),
    ("ticket:code priority:enum", "Ticket {ticket} has priority {priority}."),
    ("ticket:code assignee:person", "{assignee} takes care of ticket {ticket}."),
    ("ticket:code problem:sentence assignee:person", 'Ticket {ticket} says "{problem}" and goes to {assignee}.'),
    ("title:title author:person", "{author} wrote {title}."),
    ("title:title author:person", '"{title}" by {author}'),
    ("title:title author:person publisher:organisation", '{publisher} has published "{title}" by {author}.'),
    ("title:title year:integer", '"{title}" came out in {year}.'),
    ("title:title pages:integer", '"{title}" has {pages} pages.'),
    ("song:title artist:person", '{artist} sings "{song}".'),
    ("song:title artist:person minutes:integer", '"{song}" by {artist} is {minutes} minutes long.'),
    ("film:title director:person year:integer", '{director} made "{film}" in {year}.'),
    ("film:title time:time", '"{film}" runs at {time}.'),
    ("patient:person doctor:person", "{doctor} looked after {patient}."),
    ("patient:person room:code", "{patient} is in room {room}."),
    ("patient:person temperature:decimal", "{patient} has a temperature of {temperature}."),
    ("patient:person medicine:thing times:integer", "{patient} takes the {medicine} {times} times a day."),
    ("city:city temperature:decimal", "In {city} it is {temperature} degrees."),
    ("city:city population:integer", "{population} people live in {city}."),
    ("city:city country:country", "{city} lies in {country}."),
    ("city:city mayor:person", "{mayor} is the mayor of {city}."),
    ("team:organisation score:integer", "{team} scored {score}."),
    ("team:organisation opponent:organisation place:city", "{team} plays {opponent} in {place}."),
    ("winner:person points:integer", "{winner} won with {points} points."),
    ("player:person team:organisation", "{player} plays for {team}."),
    ("player:person goals:integer", "{goals} goals by {player}"),
    ("file:file owner:person", "{owner} uploaded {file}."),
    ("file:file pages:integer", "{file} has {pages} pages."),
    ("file:file author:person date:day", "{author} changed {file} on {date}."),
    ("url:url title:title", '"{title}" can be read at {url}.'),
    ("url:url visits:integer", "{url} had {visits} visits."),
    ("username:identifier email:email", "The user {username} signed up with {email}."),
    ("username:identifier name:person", "{name} logs in as {username}."),
    ("username:identifier role:enum", "{username} is {role}."),
    ("attendees:people place:city", "{attendees} met in {place}."),
    ("attendees:people time:time", "{attendees} will be there at {time}."),
    ("guests:people host:person", "{host} has invited {guests}."),
    ("members:people team:organisation", "{team} consists of {members}."),
    ("ingredients:strings dish:title", "For {dish} you need {ingredients}."),
    ("colors:strings product:thing", "The {product} can be had in {colors}."),
    ("animal:thing age:integer", "The {animal} is {age} years old."),
    ("animal:thing name:surname", "Our {animal} is called {name}."),
    ("street:street price:decimal", "The flat at {street} costs {price} a month."),
    ("street:street rooms:integer price:decimal", "{rooms} rooms at {street} for {price} euros."),
    ("language:language teacher:person", "{teacher} gives lessons in {language}."),
    ("language:language level:enum", "My {language} is {level}."),
    ("country:country capital:city", "The capital of {country} is {capital}."),
    ("country:country currency:currency", "In {country} they pay in {currency}."),
    ("machine:thing temperature:decimal", "The {machine} runs at {temperature} degrees."),
    ("machine:thing room:code", "The {machine} stands in {room}."),
    ("sensor:code value:decimal", "Sensor {sensor} reads {value}."),
    ("sensor:code value:decimal time:time", "At {time}, sensor {sensor} read {value}."),
    ("version:decimal program:identifier", "Version {version} of {program} is out."),
    ("server:identifier status:enum", "The server {server} is {status}."),
    ("server:identifier port:integer", "{server} listens on port {port}."),
    ("manager:person department:topic", "{manager} is the head of {department}."),
    ("manager:person employee:person", "{employee} reports to {manager}."),
    ("driver:person plate:code", "{driver} drives the car with the plate {plate}."),
    ("driver:person plate:code color:colour", "The {color} car {plate} is {driver}'s."),
    ("buyer:person seller:person price:decimal", "{buyer} paid {seller} {price} euros."),
    ("buyer:person seller:person item:thing", "{seller} sold {buyer} a {item}."),
]  # fmt: skip
STORY_POOL = Pool("stories", [f"{fields}|{text}" for fields, text in STORIES])

SCHEMA_REQUESTS = Pool("requests with a schema", [
    "Extract the data from this text as JSON.\nSchema: {schema}\nText: {text}",
    "Text: {text}\n\nReturn a JSON object that follows this schema: {schema}",
    "Fill this JSON schema from the text.\n{schema}\n\n{text}", "{text}\n\nJSON schema: {schema}\nGive me the JSON.",
    "Read the text and answer with JSON.\n\nText:\n{text}\n\nSchema:\n{schema}",
    "Here is a schema:\n{schema}\nAnd a text:\n{text}\nWrite the object.", "Convert to JSON according to {schema}: {text}",
    "Use the schema {schema} to parse: {text}",
    "{schema}\n\nExtract from: {text}", "What does this text say, as JSON with the schema {schema}?\n{text}",
    "Turn this into JSON: {text}\nIt must match {schema}",
    "Schema: {schema}\n\nInput: {text}\n\nOutput only JSON.", "Please extract structured data.\nText: \"{text}\"\nFormat: {schema}",
    "Schema:\n{schema}\n\nText:\n{text}", "{schema}\n{text}", "{text}\n{schema}",
    "{text}\n\nExtract the data as JSON, following {schema}", "Extract JSON. {schema} {text}",
    "Write JSON for this text: {text} Use the schema {schema}", "Here is the text: {text}\nHere is the schema: {schema}\nFill it in.",
    "I need this as JSON ({schema}): {text}", "Map the text to the schema.\n\nSchema: {schema}\n\nText: {text}",
    "Given the JSON schema {schema}, extract the values from: {text}", "Please fill in the schema.\n{schema}\n---\n{text}",
    "Parse this.\nSchema: {schema}\n\"{text}\"", "From the text \"{text}\" make an object like this: {schema}",
    "Your output must follow this schema: {schema}\nThe input is: {text}", "Input:\n{text}\n\nJSON schema:\n{schema}\n\nOutput:",
    "Document: {text}\nTarget schema: {schema}", "Read: {text}\nReturn: {schema}",
    "What are the values? Schema: {schema}. Text: {text}", "Structure this text with {schema}.\n\n{text}",
    "Get me the data of this text in this form: {schema}\n{text}", "Message: {text}\nExtract according to: {schema}",
    "Answer with an object of this type: {schema}\nThe text: {text}", "{text}\n\nPlease return the fields of {schema}",
    "{text}\nUse this schema for the answer: {schema}", "Convert the following into JSON.\nFormat: {schema}\nText: {text}",
    "JSON please. The form is {schema}, the text is: {text}",
])  # fmt: skip
KEY_REQUESTS = Pool("requests with keys", [
    "Extract {keys} from this text as JSON: {text}", "Text: {text}\nGive me a JSON object with the keys {keys}.",
    "Return JSON with {keys}.\n\n{text}",
    "{text}\n\nAs JSON, with the keys {keys}:", "Pull {keys} out of the following text and answer in JSON.\n{text}",
    "Make a JSON object ({keys}) from: {text}",
    "From the text below, get {keys} as JSON.\n---\n{text}\n---", "I need {keys} as JSON. The text: {text}",
    "JSON with {keys} please: {text}",
    "Parse this into JSON. Keys: {keys}. Text: {text}",
    "{text}\n\nExtract {keys} as JSON.", "{text}\nKeys: {keys}", "{text} -> JSON with {keys}", "Extract as JSON: {keys}.\n{text}",
    "Get {keys} from the text and write JSON.\n\nText: {text}", "Which {keys} does the text have? Answer in JSON. {text}",
    "Find {keys}. Output JSON. Input: {text}", "Fields: {keys}\nText: {text}\nJSON:",
    "Please give me {keys} of the following as a JSON object: {text}", "What are {keys} here? As JSON, please.\n{text}",
    "Read this and return {keys} as JSON: {text}", "Return an object with {keys} for this text: {text}",
    "Turn the text into an object with the fields {keys}.\n{text}", "\"{text}\" - {keys} as JSON",
    "Convert to JSON with the keys {keys}: {text}", "Text:\n{text}\n\nWrite JSON that has {keys}.",
    "I have this text: {text}\nI want {keys} in JSON.", "Summarize as JSON ({keys}): {text}", "Collect {keys} in a JSON object. {text}",
    "JSON object, keys {keys}, from this text: {text}",
])  # fmt: skip
SYSTEMS = Pool("extraction systems", [
    "You extract data and answer only with JSON.", "Answer in JSON.", "You are a data extraction engine.",
    "Return JSON that follows the schema.",
    "You turn text into JSON.", "Output JSON and nothing else.", "You are a parser.", "Extract information as JSON.",
    "You read texts and write JSON.", "You only speak JSON.", "Extract what is asked for.", "You fill in forms.",
    "You are a data entry clerk.", "Convert texts to structured data.", "Reply in valid JSON.",
    "You are an information extraction system.", "Respond with a JSON object.", "No explanations, only JSON.",
    "You get a text and a schema and return an object.", "Missing values are null.", "You are a helpful assistant that outputs JSON.",
    "Your answers are JSON objects.",
])  # fmt: skip

NEXT_TEXTS = Pool("another text for the same schema", [
    "{text}", "Next: {text}", "And this one: {text}", "Now this: {text}", "The same for: {text}", "Another text: {text}",
    "Text: {text}", "Do the same with this text.\n{text}", "Same schema.\n{text}", "One more: {text}", "Here is the next. {text}",
    "And now: {text}", "Continue with: {text}", "Next text:\n{text}", "The next one is this: {text}", "{text}\nAs before.",
])  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What is asked for, and what texts say."""

    story: str  # a sentence for story_fields, or nothing
    story_fields: list[Field]
    others: list[Field]  # each said in a sentence of its own
    asked: list[Field]  # in the order of the schema; some may be of no text

    def text(self, rng: Random, split: Split) -> tuple[str, dict[str, Value | None]]:
        """A text with new values, and what is to be extracted."""
        made = {field.key: make_value(field, rng, split) for field in self.story_fields + self.others}
        sentences = [self.story.format(**{field.name: made[field.key][1] for field in self.story_fields})] if self.story else []
        sentences += _said(self.others, made, rng, split)
        if rng.random() < 0.4:
            sentences.insert(rng.randint(0, len(sentences)), rng.choice(FILLERS[split]))
        text = rng.choice(OPENINGS[split]) + " ".join(sentences)
        return text, {field.key: made[field.key][0] if field.key in made else None for field in self.asked}

    def schema(self, rng: Random) -> dict:
        told = self.story_fields + self.others
        properties = {}
        more = rng.random() < 0.25  # keywords that change nothing here
        for field in self.asked:
            schema = field.schema if field in told else {**field.schema, "type": [field.schema["type"], "null"]}
            properties[field.key] = {**schema, **_limits(field, rng)} if more and rng.random() < 0.6 else schema
        result: dict = {"type": "object", "properties": properties}
        if rng.random() < 0.6:
            result["required"] = list(properties)
        if rng.random() < (0.7 if more else 0.05):
            result["additionalProperties"] = False
        return result


def _limits(field: Field, rng: Random) -> dict:
    kind = field.schema["type"]
    if rng.random() < 0.3:
        return {"description": rng.choice([f"The {field.spoken}", field.spoken.capitalize(), field.spoken])}
    if kind in ("integer", "number"):
        return rng.choice([{"minimum": 0}, {"minimum": 1}, {"minimum": 0, "maximum": 10 ** rng.randint(5, 7)}])
    if kind == "array":
        return rng.choice([{"maxItems": rng.randint(4, 20)}, {"minItems": 1}])
    if kind == "string" and field.kind != "enum":
        return rng.choice([{"maxLength": 10 * rng.randint(4, 30)}, {"minLength": 1}, {"minLength": 1, "maxLength": 10 * rng.randint(4, 30)}])
    return {}


def _said(fields: list[Field], made: dict[str, Spoken], rng: Random, split: Split) -> list[str]:
    as_list = rng.random() < 0.3 and len(fields) > 1
    form = rng.choice(FIELD_PARTS[split])
    sentences = []
    for field in fields:
        words = {"name": field.spoken, "Name": field.spoken.capitalize(), "value": made[field.key][1]}
        sentences.append((form if as_list else rng.choice(FIELD_SENTENCES[split])).format(**words))
    if as_list:
        rng.shuffle(sentences)
        return [rng.choice([", ", "; ", "\n"]).join(sentences)]
    return sentences


def _form(rng: Random, split: Split, with_schema: bool) -> Form:
    story, story_fields = "", []
    if rng.random() < 0.6:
        spec, story = rng.choice(STORY_POOL[split]).split("|", 1)
        for part in spec.split():
            name, kind = part.split(":")
            choices = enum_choices(rng, split) if kind == "enum" else ()
            story_fields.append(Field(name, kind, name, choices))
    taken = {word for field in story_fields for word in field.name.split("_")}
    others: list[Field] = []
    if not story or rng.random() < 0.5:
        count = rng.choice([1, 1, 2]) if story else rng.choice([1, 2, 3, 3, 4, 5])
        others = [field for field in make_fields(rng, split, count, KINDS) if not taken & set(field.name.split("_"))]
    asked = story_fields + others
    if rng.random() < 0.2 and len(asked) > 1:  # a value of the text that is not asked for
        asked.pop(rng.randrange(len(asked)))
    if with_schema and rng.random() < 0.25:
        taken |= {word for field in others for word in field.name.split("_")}
        for field in make_fields(rng, split, 1, KINDS):
            if not taken & set(field.name.split("_")) and field.kind not in ("enum", "boolean"):
                asked.append(field)
    if rng.random() < 0.6:
        rng.shuffle(asked)
    return Form(story, story_fields, others, asked)


def extraction(rng: Random, split: Split) -> Example:
    """One text in evaluation, often several in training."""
    with_schema = rng.random() < 0.7
    form = _form(rng, split, with_schema)
    text, value = form.text(rng, split)
    if with_schema:
        content = rng.choice(SCHEMA_REQUESTS[split]).format(schema=values.as_json(rng, form.schema(rng)), text=text)
    else:
        quoted = [f'"{key}"' for key in value] if rng.random() < 0.3 else list(value)
        content = rng.choice(KEY_REQUESTS[split]).format(keys=values.series(quoted), text=text)
    messages = [user(content), assistant(json.dumps(value, ensure_ascii=False))]
    for _ in range(0 if split == "eval" else rng.choice([0, 1, 2, 3])):
        text, value = form.text(rng, split)
        messages += [user(rng.choice(NEXT_TEXTS[split]).format(text=text)), assistant(json.dumps(value, ensure_ascii=False))]
    if rng.random() < 0.4:
        messages.insert(0, system(rng.choice(SYSTEMS[split])))
    return Example("json-extraction", messages, {"json": value})
