// Tells the server the browser's time zone with the form it stands in.
behave("zone", (field) => {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
});
