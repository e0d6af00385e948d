/** Python's strftime in the C locale: English names, whatever the machine's. */

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** @param date Read through its UTC fields. An unknown directive is left as it is. */
export function strftime(date: Date, format: string): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const month = MONTHS[date.getUTCMonth()] ?? "";
  const day = DAYS[date.getUTCDay()] ?? "";
  return format.replace(/%([YmdeBbAaHIMSpjyZ%])/g, (directive, letter: string) => {
    switch (letter) {
      case "Y":
        return String(date.getUTCFullYear());
      case "y":
        return two(date.getUTCFullYear() % 100);
      case "m":
        return two(date.getUTCMonth() + 1);
      case "d":
        return two(date.getUTCDate());
      case "e":
        return String(date.getUTCDate()).padStart(2, " ");
      case "B":
        return month;
      case "b":
        return month.slice(0, 3);
      case "A":
        return day;
      case "a":
        return day.slice(0, 3);
      case "H":
        return two(date.getUTCHours());
      case "I":
        return two(date.getUTCHours() % 12 || 12);
      case "M":
        return two(date.getUTCMinutes());
      case "S":
        return two(date.getUTCSeconds());
      case "p":
        return date.getUTCHours() < 12 ? "AM" : "PM";
      case "j":
        return String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000) + 1).padStart(3, "0");
      case "Z":
        return ""; // a naive datetime has no zone
      case "%":
        return "%";
      default:
        return directive;
    }
  });
}
